"""Does the failure of a full handshake prove that the server cannot finish it?

A fatal alert does. Any other end, such as a close, may be due to overload, so it counts only if it comes
twice, with a control answered in between, and after a reset another one. Silence never counts.
"""

from __future__ import annotations

from probe.checks.prober import Prober
from probe.dialogue.answer import Ending
from probe.dialogue.handshake import Handshake
from probe.tls.record import ContentType

_TLS_RECORD = bytes((ContentType.HANDSHAKE,))


async def confirm(prober: Prober, first: Handshake) -> tuple[Handshake, bool]:
    """The handshake, repeated if its failure may be an accident, and whether the failure is proved."""
    if first.is_finished or first.is_declined:
        return first, first.is_declined
    if not _may_prove(first) or not await prober.ask_control():
        return first, False
    again = await prober.handshake(first.offer)
    is_same = _outcome(again) == _outcome(first) and _may_prove(again) and not again.is_finished
    if is_same and again.ending is Ending.RESET:
        is_same = await prober.ask_control()
    return again, is_same


def _may_prove(failed: Handshake) -> bool:
    """Whether our hello was sent and something came of it."""
    return failed.ending is not Ending.SILENCE and failed.offered[:1] == _TLS_RECORD


def _outcome(handshake: Handshake) -> tuple[object, ...]:
    return handshake.end, handshake.alert, handshake.ending
