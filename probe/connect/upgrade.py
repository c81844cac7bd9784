"""Switches each connection of a visit to TLS in protocols with a plaintext phase before it.

The first connection goes alone: if the server has no TLS or speaks another protocol, the visit has cost one
connection, and every later question gets the same failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from probe.connect.dial import Connection
from probe.connect.starttls.outcome import UpgradeOutcome
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.scripted import Scripted

_LASTING: Final = frozenset(
    {FailureKind.OTHER_PROTOCOL, FailureKind.NOT_OFFERED, FailureKind.DECLINED}
)
"""Failures that would be the same on the next connection."""

Opened: TypeAlias = Connection | ConnectFailure


class Upgrade:
    """The upgrade of one visit. ``dialogue`` makes the plaintext phase of one connection; None if there is none."""

    def __init__(self, dialogue: Callable[[], Scripted[UpgradeOutcome]] | None = None) -> None:
        self._dialogue = dialogue
        self._first: asyncio.Event | None = None
        self._failure: ConnectFailure | None = None
        self._has_worked = False

    @property
    def is_needless(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self._dialogue is None

    async def carry_over(
        self, open_one: Callable[[], Awaitable[Opened]], patience_seconds: Callable[[], float]
    ) -> Opened:
        """A connection on which TLS begins next, or the reason why there is none."""
        if self._first is None:
            self._first = asyncio.Event()
        else:
            await self._first.wait()
        try:
            if self._failure is not None:
                return self._failure
            return await self._begin_tls(await open_one(), patience_seconds())
        finally:
            self._first.set()

    async def _begin_tls(self, connection: Opened, patience_seconds: float) -> Opened:
        if isinstance(connection, ConnectFailure) or self._dialogue is None:
            return connection
        dialogue = self._dialogue()
        outcome = await connection.carry(dialogue, patience_seconds)
        if not isinstance(outcome, ConnectFailure):
            self._has_worked = True
            connection.unread(dialogue.surplus)
            return connection
        await connection.close()
        if outcome.kind in _LASTING and not self._has_worked:
            self._failure = outcome
        return outcome
