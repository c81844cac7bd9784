"""The outcome of the plaintext phase before TLS: TLS begins, or the reason why it does not.

A server has no TLS only if it says so itself. A server that rejects clients, closes, stays silent or speaks
another protocol is reported as exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from model.frozen import frozen
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.greetings import greeting_of, is_ssh, is_tls_record
from probe.dialogue.before_tls.scripted import BrokenOff, Script, Scripted
from probe.dialogue.dialogue import Framing
from probe.tls.limits import MAX_TURN_LENGTH
from probe.web.cookies import mask_cookies

_QUOTED_LENGTH: Final = 120
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

_ENDINGS: Final = {
    Ending.CLOSED: (FailureKind.HUNG_UP, "the server closed the connection instead of sending"),
    Ending.RESET: (FailureKind.RESET, "the server reset the connection instead of sending"),
    Ending.SILENCE: (FailureKind.SILENT, "the server timed out before sending"),
}


@frozen
class Upgraded:
    """Both sides switch to TLS: the next bytes are TLS records, in packets if there is a ``framing``."""

    framing: Framing | None = None


UpgradeOutcome: TypeAlias = Upgraded | ConnectFailure
UpgradeScript: TypeAlias = Script[UpgradeOutcome]
Missing: TypeAlias = Callable[[BrokenOff], ConnectFailure]


class UpgradeDialogue(Scripted[UpgradeOutcome]):
    """Plays a script that leads to TLS in the protocol ``own``.

    ``missing`` makes the failure if the server stops; ``broken_off`` if it is None. The evidence of a failure is the whole conversation, whatever the script quotes of it.
    """

    def __init__(self, script: UpgradeScript, own: str, missing: Missing | None = None) -> None:
        super().__init__(script, missing or partial(broken_off, own))

    def feed(self, received: bytes) -> UpgradeOutcome | None:
        """Takes bytes; returns the outcome once the script has ended."""
        outcome = super().feed(received)
        return None if outcome is None else self._with_conversation(outcome)

    def end(self, ending: Ending) -> UpgradeOutcome:
        """The outcome if nothing more will come."""
        return self._with_conversation(super().end(ending))

    def _with_conversation(self, outcome: UpgradeOutcome) -> UpgradeOutcome:
        if not isinstance(outcome, ConnectFailure):
            return outcome
        heard = mask_cookies(self.heard)
        return replace(outcome, said=self.said, raw=heard, is_cut=self.is_cut)


def not_offered(detail: str) -> ConnectFailure:
    """The server speaks the protocol, and states that it has no TLS in it."""
    return ConnectFailure(kind=FailureKind.NOT_OFFERED, detail=detail)


def declined(detail: str, words: bytes) -> ConnectFailure:
    """The server has TLS and does not begin it; the reason quotes ``words``."""
    return ConnectFailure(kind=FailureKind.DECLINED, detail=f"{detail}: {quoted(words)}")


def turned_away(words: bytes) -> ConnectFailure:
    """The server rejects clients now, or this client; the reason quotes ``words``."""
    detail = f"the server turns clients away: {quoted(words)}"
    return ConnectFailure(kind=FailureKind.TURNED_AWAY, detail=detail)


def blocked(detail: str) -> ConnectFailure:
    """The server has blocked this machine's address; ``detail`` says how its operator can clear that."""
    return ConnectFailure(kind=FailureKind.BLOCKED, detail=detail)


def unexpected(own: str, heard: bytes) -> ConnectFailure:
    """Something came that a server of ``own`` does not send; it may show which protocol is spoken."""
    if is_tls_record(heard):
        detail = f"TLS came instead of {own}: the server may speak TLS from the first byte"
        return _other_protocol(detail)
    if is_ssh(heard):
        return _other_protocol(f"the server speaks SSH, not {own}")
    shown = greeting_of(heard)
    if shown is None or own in shown.service:
        return _other_protocol(f"{quoted(heard)!r} is not {own}")
    fix = f"; use the protocol {shown.protocol}" if shown.protocol else ""
    return _other_protocol(f"the server speaks {shown.service}, not {own}{fix}")


def broken_off(own: str, at: BrokenOff) -> ConnectFailure:
    """The server, expected to speak ``own``, closed, fell silent, or sent too much without an end."""
    shown = greeting_of(at.heard)
    is_other = shown is not None and own not in shown.service
    if is_other or is_ssh(at.heard) or is_tls_record(at.heard):
        return unexpected(own, at.heard)
    if at.ending is None:
        most = f"over {MAX_TURN_LENGTH} bytes at a time"
        detail = f"too many bytes or lines ({most}) without the end of {at.what}"
        return _other_protocol(detail)
    kind, words = _ENDINGS[at.ending]
    return ConnectFailure(kind=kind, detail=f"{words} {at.what}")


def quoted(heard: bytes) -> str:
    """The first words of the server as one printable line, for use in a sentence."""
    text = _CONTROLS.sub(" ", heard[:_QUOTED_LENGTH].decode("utf-8", "replace")).strip()
    return "".join(one if one.isprintable() else "\ufffd" for one in text) or "nothing"


def _other_protocol(detail: str) -> ConnectFailure:
    return ConnectFailure(kind=FailureKind.OTHER_PROTOCOL, detail=detail)
