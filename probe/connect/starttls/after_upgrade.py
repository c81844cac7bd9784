"""The upgrade to TLS with injected plaintext, and the handshake after it, on one connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from probe.connect.starttls.outcome import UpgradeOutcome, UpgradeScript
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.before_tls.scripted import Scripted
from probe.dialogue.dialogue import Dialogue

Result = TypeVar("Result")


def with_words_injected(script: UpgradeScript, injection: Injection) -> UpgradeScript:
    """The same script with the injected bytes after the command that begins TLS."""
    turn = next(script)
    while True:
        if turn.say == injection.command:
            turn = replace(turn, say=turn.say + injection.injected)
        heard = yield turn
        try:
            turn = script.send(heard)
        except StopIteration as end:
            outcome: UpgradeOutcome = end.value
            return outcome


class AfterUpgrade(Generic[Result]):
    """A Dialogue that upgrades to TLS with one dialogue and then continues with another."""

    def __init__(self, upgrade: Scripted[UpgradeOutcome], dialogue: Dialogue[Result]) -> None:
        self._upgrade = upgrade
        self._dialogue = dialogue
        self._send: Callable[[bytes], None] | None = None
        self._is_upgraded = False

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes in plaintext."""
        self._send = send
        self._upgrade.begin(send)

    def feed(self, received: bytes) -> Result | ConnectFailure | None:
        """The result of the second dialogue, or why it did not begin."""
        if self._is_upgraded:
            return self._dialogue.feed(received)
        outcome = self._upgrade.feed(received)
        if outcome is None or isinstance(outcome, ConnectFailure) or self._send is None:
            return outcome if isinstance(outcome, ConnectFailure) else None
        self._is_upgraded = True
        self._dialogue.begin(self._send)
        surplus = self._upgrade.surplus
        return self._dialogue.feed(surplus) if surplus else None

    def end(self, ending: Ending) -> Result | ConnectFailure:
        """The result if nothing more will come."""
        if self._is_upgraded:
            return self._dialogue.end(ending)
        outcome = self._upgrade.end(ending)
        return outcome if isinstance(outcome, ConnectFailure) else self._dialogue.end(ending)
