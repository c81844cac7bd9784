"""Does the failure of a full handshake prove that the server cannot finish it?

A fatal alert does. Any other end, such as a close, may be due to overload, so it counts only if it comes
twice, with a control answered in between, and after a reset another one. Silence never counts.
"""

from __future__ import annotations

from probe.checks.prober import Prober
from probe.dialogue.answer import Ending
from probe.dialogue.exchange import AMBIGUOUS_ALERTS
from probe.dialogue.handshake import Handshake
from probe.tls.record import ContentType

_TLS_RECORD = bytes((ContentType.HANDSHAKE,))


async def confirm(prober: Prober, first: Handshake) -> tuple[Handshake, bool]:
    """The handshake, repeated if its failure may be an accident, and whether the failure is proved."""
    if first.is_finished or first.is_declined:
        return first, first.is_declined
    again = await ask_again(prober, first) if _may_prove(first) else None
    if again is None:
        return first, False
    is_same = _outcome(again) == _outcome(first) and _may_prove(again)
    return again, is_same and not again.is_finished


async def ask_again(prober: Prober, first: Handshake) -> Handshake | None:
    """The same handshake after an answered control; None if the control is not answered, also after a reset."""
    if not await prober.ask_control():
        return None
    again = await prober.handshake(first.offer)
    is_settled = again.ending is not Ending.RESET or await prober.ask_control()
    return again if is_settled else None


def may_be_accidental(ended: Handshake) -> bool:
    """Whether overload may have ended the handshake: there is no alert, or one that overload causes too."""
    return ended.alert is None or ended.alert in AMBIGUOUS_ALERTS


def _may_prove(failed: Handshake) -> bool:
    """Whether our hello was sent and something came of it."""
    return failed.ending is not Ending.SILENCE and failed.offered[:1] == _TLS_RECORD


def _outcome(handshake: Handshake) -> tuple[object, ...]:
    return handshake.end, handshake.alert, handshake.ending
