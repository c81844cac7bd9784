"""Takes each connection of a visit over to TLS, where something is said before it.

The first connection goes alone: where the server has no TLS, or speaks something else, the visit has
cost one connection, and whoever asks later is told the same.
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
"""What would be so again on the next connection."""

Opened: TypeAlias = Connection | ConnectFailure


class Upgrade:
    """One visit's. ``dialogue`` makes what is said on one connection; None where nothing is."""

    def __init__(self) -> None:
        self.dialogue: Callable[[], Scripted[UpgradeOutcome]] | None = None
        self._first: asyncio.Event | None = None
        self._hindrance: ConnectFailure | None = None
        self._has_worked = False

    @property
    def is_needless(self) -> bool:
        """Whether TLS is spoken from the first byte."""
        return self.dialogue is None

    async def over(
        self, opened: Callable[[], Awaitable[Opened]], patience_seconds: Callable[[], float]
    ) -> Opened:
        """A connection on which TLS is spoken next, or why there is none."""
        if self._first is None:
            self._first = asyncio.Event()
        else:
            await self._first.wait()
        try:
            if self._hindrance is not None:
                return self._hindrance
            return await self._carried(await opened(), patience_seconds())
        finally:
            self._first.set()

    async def _carried(self, connection: Opened, patience_seconds: float) -> Opened:
        if isinstance(connection, ConnectFailure) or self.dialogue is None:
            return connection
        dialogue = self.dialogue()
        outcome = await connection.carry(dialogue, patience_seconds)
        if not isinstance(outcome, ConnectFailure):
            self._has_worked = True
            connection.unread(dialogue.surplus)
            return connection
        await connection.close()
        if outcome.kind in _LASTING and not self._has_worked:
            self._hindrance = outcome
        return outcome
