"""Waiting connections by caller: for the rest of a head, oldest first; or for their turn, callers in rotation."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator

from model.frozen import frozen
from service.http.guard.head import PendingConnection


@frozen
class ConnectionLimits:
    """Limits for concurrent connections, in total and per caller, and for requests per second.

    A TLS handshake costs up to a millisecond of processor time, so their number per second is limited too.
    Waiting and running requests may take at most half of either limit, so newcomers always find a place. A client
    has ``head_seconds`` to send its head and then waits at most ``turn_seconds``; it is disconnected if it reads
    less than 64 KiB of a response within ``stall_seconds``.
    """

    connections: int
    per_caller: int
    requests_per_second: int
    handshakes_per_second: int = 200
    head_seconds: float = 10.0
    turn_seconds: float = 10.0
    stall_seconds: float = 20.0


class Places:
    """Counts the open connections. A newcomer replaces the oldest connection that has not sent its head."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._asking: Counter[str] = Counter()
        self._headless: dict[str, OrderedDict[PendingConnection, None]] = {}
        self._in_all = 0
        self._asking_in_all = 0

    @property
    def open_connections(self) -> int:
        """The number of open connections."""
        return self._in_all

    def to_make_room(self, caller: str) -> PendingConnection | None:
        """The connection to close first if the caller or the service has no place left; else None.

        Raises:
            LookupError: if there is no place, and no connection may be closed for one.
        """
        if self._open[caller] >= self._limits.per_caller:
            return self._oldest_of(caller)
        if self._in_all < self._limits.connections:
            return None
        waiting = (one for one in self._headless if self._headless[one])
        return self._oldest_of(max(waiting, key=lambda one: len(self._headless[one]), default=""))

    def _oldest_of(self, caller: str) -> PendingConnection:
        oldest = next(iter(self._headless.get(caller, ())), None)
        if oldest is None:
            raise LookupError(caller)
        return oldest

    def add(self, one: PendingConnection) -> None:
        """Count a new connection, which has not sent its head."""
        self._open[one.caller] += 1
        self._in_all += 1
        self._headless.setdefault(one.caller, OrderedDict())[one] = None

    def has_head(self, one: PendingConnection) -> bool:
        """Count a connection whose head is complete as a request; False if there are too many requests."""
        self._forget_headless(one)
        if self._asking[one.caller] >= max(
            1, self._limits.per_caller // 2
        ) or self._asking_in_all >= max(1, self._limits.connections // 2):
            return False
        self._asking[one.caller] += 1
        self._asking_in_all += 1
        return True

    def remove(self, one: PendingConnection, *, was_asking: bool) -> None:
        """Stop counting a connection, because it is closed."""
        self._forget_headless(one)
        _less(self._open, one.caller)
        self._in_all -= 1
        if was_asking:
            _less(self._asking, one.caller)
            self._asking_in_all -= 1

    def without_head_since(self, moment: float) -> list[PendingConnection]:
        """Connections accepted before ``moment`` that have not sent their heads."""
        late = []
        for of_caller in self._headless.values():
            for one in of_caller:
                if one.since >= moment:
                    break
                late.append(one)
        return late

    def _forget_headless(self, one: PendingConnection) -> None:
        of_caller = self._headless.get(one.caller)
        if of_caller is not None:
            of_caller.pop(one, None)
            if not of_caller:
                del self._headless[one.caller]


class Queue:
    """Waiting connections, one of each caller in turn."""

    def __init__(self) -> None:
        self._by_caller: OrderedDict[str, deque[PendingConnection]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._by_caller)

    def add(self, one: PendingConnection) -> None:
        """Add the connection after the others of its caller."""
        self._by_caller.setdefault(one.caller, deque()).append(one)

    def take(self) -> PendingConnection:
        """Take the next connection; its caller moves to the end of the rotation."""
        caller, waiting = self._by_caller.popitem(last=False)
        one = waiting.popleft()
        if waiting:
            self._by_caller[caller] = waiting
        return one

    def take_older_than(self, moment: float) -> Iterator[PendingConnection]:
        """Take all connections that were accepted before ``moment``."""
        for caller, waiting in list(self._by_caller.items()):
            while waiting and waiting[0].since < moment:
                yield waiting.popleft()
            if not waiting:
                del self._by_caller[caller]


class PacedQueue:
    """Passes at most ``per_second`` connections a second to ``run``; the others wait, callers in rotation.

    Args:
        per_second: the rate, and how many may pass at once after a pause.
        run: called with each connection in its turn.
    """

    def __init__(self, per_second: int, run: Callable[[PendingConnection], None]) -> None:
        self._rate = per_second
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._queue = Queue()
        self._tokens = float(per_second)
        self._filled_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, one: PendingConnection) -> None:
        """Pass on the connection now, or in its turn."""
        self._queue.add(one)
        if self._timer is None:
            self._pass_on()

    def take_older_than(self, moment: float) -> Iterator[PendingConnection]:
        """Take all waiting connections that were accepted before ``moment``."""
        return self._queue.take_older_than(moment)

    def stop(self) -> None:
        """Pass on no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _pass_on(self) -> None:
        self._timer = None
        now = self._loop.time()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        while self._queue and self._tokens >= 1:
            self._tokens -= 1
            self._run(self._queue.take())
        if self._queue:
            self._timer = self._loop.call_later((1 - self._tokens) / self._rate, self._pass_on)


def _less(counted: Counter[str], caller: str) -> None:
    counted[caller] -= 1
    if counted[caller] <= 0:
        del counted[caller]
