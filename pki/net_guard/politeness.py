"""Limits on concurrent connections and their rate: per address, host name, network, and for the whole process.

An address that resets, refuses or stops answering after it has answered gets half of its share, and never
quite the full share again in the same visit; the rest returns slowly (additive increase, multiplicative
decrease, as in RFC 5681). One that says that it has too many clients gets half of the rate as well: its
processes may outlive our connections (Exim). If the limits allow it, the share of an address that answers quickly
grows until the first trouble.
"""

from __future__ import annotations

import asyncio
import copy
import ipaddress
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from model.frozen import frozen
from model.target import is_ip_address
from pki.net_guard.connect_errors import ConnectErrors
from pki.net_guard.start_rate import StartRate

_PREFIX_LENGTHS: Final = {4: 24, 6: 48}
_RECOVERY: Final = 0.125
"""The fraction of a connection that each good answer restores."""


@frozen
class ConnectionLimits:
    """How many connections may be open at once, and how many may start per second.

    ``connections_per_address`` may be open to one IP address, and ``connections_per_address_per_second`` may
    start there each second; ``connections_per_quick_address`` may be open to an address that answers quickly, if
    that is more; ``connections_per_host`` may be open to all addresses of one name, and
    ``connections_per_network`` to one /24 or /48. ``connections_open`` and ``connections_per_second`` apply to
    all visits together; with ``starts_in_bursts``, those of a second may start at once. ``connect_errors_directory``
    remembers the broken connections at servers that count them; without it, only this process does.
    """

    connections_per_address: int = 4
    connections_per_quick_address: int = 0
    connections_per_address_per_second: int = 50
    connections_per_host: int = 16
    connections_per_network: int = 256
    connections_open: int = 1024
    connections_per_second: int = 200
    starts_in_bursts: bool = False
    connect_errors_directory: Path | None = None


class AddressGate:
    """The share of one IP address: its number of concurrent connections, which is reduced after trouble.

    It begins with ``most``, and grows up to ``most_if_quick`` with quick answers. At most ``per_second`` new
    connections start in any second. ``network`` is the share of its network; the reference keeps it alive.
    """

    def __init__(
        self,
        most: int,
        network: asyncio.Semaphore | None = None,
        per_second: int = 1_000_000,
        most_if_quick: int = 0,
    ) -> None:
        self.network = network or asyncio.Semaphore(max(most, most_if_quick))
        self._starts: deque[float] = deque(maxlen=per_second)
        self._most_if_quick = most_if_quick
        self._ceiling = most
        self._limit = float(most)
        self._open = 0
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_crowded(self) -> bool:
        """Whether a task is waiting for a place."""
        return any(not turn.done() for turn in self._waiting)

    def place(self) -> AbstractAsyncContextManager[int]:
        """A place for one connection, first come, first served; and the epoch in which it was granted."""
        return _Place(self)

    async def take(self) -> int:
        """Waits for a place; returns the epoch. The place is taken until ``give_back``."""
        if self._open >= int(self._limit) or self._waiting:
            await self._turn()
        else:
            self._open += 1
        return self._epoch

    def give_back(self) -> None:
        """Frees a place for the next task that waits."""
        self._open -= 1
        self._wake()

    async def pace(self) -> None:
        """Waits until another connection may start: one second after the start ``per_second`` connections ago."""
        loop = asyncio.get_running_loop()
        now = start = loop.time()
        if len(self._starts) == self._starts.maxlen:
            start = max(now, self._starts[0] + 1.0)
        self._starts.append(start)
        # The timer keeps this gate alive, so that consecutive visits share the rate.
        loop.call_at(start + 1.0, _forget, self)
        if start > now:
            await asyncio.sleep(start - now)

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._open -= 1
            self._wake()
            raise

    def trouble(self, epoch: int) -> None:
        """Halves the share, once for all connections of one epoch."""
        if epoch != self._epoch:
            return
        self._epoch += 1
        self._most_if_quick = 0
        self._ceiling = max(1, int(self._limit) - 1)
        self._limit = max(1.0, self._limit / 2)

    def turned_away(self, epoch: int) -> None:
        """Halves the share, and the rate with it."""
        if epoch == self._epoch:
            self._starts = deque(self._starts, maxlen=max(1, (self._starts.maxlen or 1) // 2))
        self.trouble(epoch)

    def answered_quickly(self) -> None:
        """Lets the share grow by two connections, up to the most for a quick address."""
        growth = min(2, self._most_if_quick - self._ceiling)
        if growth > 0:
            self._ceiling += growth
            self._limit += growth
            self._wake()

    def answered(self) -> None:
        """Restores a little of the share."""
        self._limit = min(float(self._ceiling), self._limit + _RECOVERY)
        self._wake()

    def _wake(self) -> None:
        """Grants free places to waiting tasks; each counts as open from now on."""
        while self._waiting and self._open < int(self._limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._open += 1
                turn.set_result(None)


class _Place(AbstractAsyncContextManager[int]):
    """A place until the end of the block.

    A generator could not do this: it would be open within the one of ``Politeness.connection``, and if a loop ends
    while both are open, it closes them in any order and reports an error.
    """

    def __init__(self, gate: AddressGate) -> None:
        self._gate = gate

    async def __aenter__(self) -> int:
        return await self._gate.take()

    async def __aexit__(self, *_: object) -> None:
        self._gate.give_back()


class Politeness:
    """All limits of one process: gates of addresses, shares of hosts and networks, open connections, their rate."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.connect_errors = ConnectErrors(limits.connect_errors_directory)
        self._most_per_address = limits.connections_per_address
        self._most_per_quick_address = limits.connections_per_quick_address
        self._per_address_second = limits.connections_per_address_per_second
        self._most_per_host = limits.connections_per_host
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._host = asyncio.Semaphore(limits.connections_open)
        self._most_per_network = limits.connections_per_network
        self._networks: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._gates: WeakValueDictionary[str, AddressGate] = WeakValueDictionary()
        self._open = asyncio.Semaphore(limits.connections_open)
        self._starts = StartRate(limits.connections_per_second, in_bursts=limits.starts_in_bursts)
        self._heavy = asyncio.Lock()

    def for_host(self, host: str) -> Politeness:
        """The same limits plus the share of a host name over all of its addresses; addresses have none."""
        if is_ip_address(host):
            return self
        share = self._hosts.get(host)
        if share is None:
            share = self._hosts[host] = asyncio.Semaphore(self._most_per_host)
        its_own = copy.copy(self)
        its_own._host = share
        return its_own

    def apart(self, limits: ConnectionLimits) -> Politeness:
        """Limits of their own for other visits of this process, which then wait for none of these. Both count the
        broken connections that servers count, and share the turns of costly visits."""
        other = Politeness(limits)
        other.connect_errors, other._heavy = self.connect_errors, self._heavy
        return other

    def gate(self, address: str) -> AddressGate:
        """The gate that all concurrent visits to ``address`` share."""
        gate = self._gates.get(address)
        if gate is None:
            gate = AddressGate(
                self._most_per_address,
                self._network(address),
                self._per_address_second,
                self._most_per_quick_address,
            )
            self._gates[address] = gate
        return gate

    def _network(self, address: str) -> asyncio.Semaphore:
        """The share of the address's /24, or /48 for IPv6."""
        name = network_of(address)
        share = self._networks.get(name)
        if share is None:
            share = self._networks[name] = asyncio.Semaphore(self._most_per_network)
        return share

    @asynccontextmanager
    async def connection(self, gate: AddressGate) -> AsyncIterator[int]:
        """Permission to open one connection now; yields the gate's epoch."""
        async with gate.place() as epoch, self._host, gate.network, self._open:
            await self._starts.start()
            await gate.pace()
            yield epoch

    async def room_for_a_visit(self) -> None:
        """Waits until another visit can begin without taking so many turns from others that none ends in time."""
        await self._starts.room()

    @asynccontextmanager
    async def turn_of_heavy(self, within_seconds: float) -> AsyncIterator[bool]:
        """A turn among all visits that use much CPU in this process: one question at a time.

        Yields false, without a turn, if none is free ``within_seconds``. Without turns a few concurrent expensive
        visits would block the event loop for all others.
        """
        try:
            async with asyncio.timeout(max(0.0, within_seconds)):
                await self._heavy.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._heavy.release()


def _forget(_: AddressGate) -> None:
    """Does nothing: the timer's reference has kept the gate alive until now."""


def network_of(address: str) -> str:
    """The network whose connections are limited together."""
    plain = ipaddress.ip_address(address.partition("%")[0])
    length = _PREFIX_LENGTHS[plain.version]
    return str(ipaddress.ip_network((plain, length), strict=False))
