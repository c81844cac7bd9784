"""Switches each connection of a visit to TLS in protocols with a plaintext phase before it.

The first connection goes alone: if the server has no TLS or speaks another protocol, the visit has cost one
connection, and every later question gets the same failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from pki.net_guard.connect_errors import Allowance
from probe.connect.blocking_servers import over_allowance
from probe.connect.dial import Connection
from probe.connect.starttls.outcome import UpgradeOutcome
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.scripted import Scripted

_LASTING: Final = frozenset(
    {FailureKind.OTHER_PROTOCOL, FailureKind.NOT_OFFERED, FailureKind.DECLINED}
)
"""Failures that would be the same on the next connection."""

_BROKEN: Final = frozenset(
    {FailureKind.OTHER_PROTOCOL, FailureKind.HUNG_UP, FailureKind.RESET, FailureKind.SILENT}
)
"""Failures after which the server may count the connection as broken off."""

Opened: TypeAlias = Connection | ConnectFailure


class Upgrade:
    """The upgrade of one visit. ``dialogue`` makes the plaintext phase of one connection; None if there is none.

    ``allowance`` limits the connections if the server counts those that end in their handshake.
    """

    def __init__(
        self,
        dialogue: Callable[[], Scripted[UpgradeOutcome]] | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._allowance = allowance
        self._first: asyncio.Event | None = None
        self._failure: ConnectFailure | None = None
        self.has_worked = False
        """Whether TLS could begin on an earlier connection."""

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
            if self._allowance is None:
                return await self._begin_tls(await open_one(), patience_seconds())
            return await self._begin_within(self._allowance, open_one, patience_seconds)
        finally:
            self._first.set()

    async def _begin_within(
        self,
        allowance: Allowance,
        open_one: Callable[[], Awaitable[Opened]],
        patience_seconds: Callable[[], float],
    ) -> Opened:
        """Counts the connection before it is opened, and takes that back if it ends in order."""
        if not allowance.may_ask:
            return over_allowance(allowance)
        allowance.add()
        began = await self._begin_tls(await open_one(), patience_seconds())
        if isinstance(began, ConnectFailure) and began.kind not in _BROKEN:
            allowance.add(-1)
        return began

    async def _begin_tls(self, connection: Opened, patience_seconds: float) -> Opened:
        if isinstance(connection, ConnectFailure) or self._dialogue is None:
            return connection
        dialogue = self._dialogue()
        outcome = await connection.carry(dialogue, patience_seconds)
        if not isinstance(outcome, ConnectFailure):
            self.has_worked = True
            connection.framing = outcome.framing
            connection.unread(dialogue.surplus)
            return connection
        await connection.close()
        is_lasting = outcome.kind in _LASTING and not self.has_worked
        if is_lasting or outcome.kind is FailureKind.BLOCKED:
            self._failure = outcome
        return outcome
