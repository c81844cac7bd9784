"""What one visit may cost: processor time, bytes, connections, certificates, prime tests.

One ``VisitBudget`` counts all of it. Every step of a visit draws from it: coroutines step by step
(``Metered``), bytes and connections at the socket, work in threads (``off_loop``). Once one limit is reached,
the budget is exhausted: every further question gets the Answer ``FailureKind.BUDGET``. The visit then ends
with what it knows, and its reason names the limit.

The processor time of a step is read from its thread's own clock: a step that other processes or a quota of the
container interrupt does not cost more, nor does what other visits do meanwhile.

A step cannot be interrupted, and a thread cannot be killed. So the size of everything a server sends is
bounded before it is processed (``pki.certificates.reading.bounds``); the budget bounds how often.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, ParamSpec, TypeVar

from model.frozen import frozen

_THREADS: Final = 2
"""Threads of the whole process that check what servers sent; each visit uses one at a time."""

_HEAVY_SECONDS: Final = 0.25
"""Processor seconds: several times the cost of a visit to an honest server with all checks."""

Found = TypeVar("Found")
Given = ParamSpec("Given")


@frozen
class BudgetLimits:
    """The limits of one visit.

    ``processor_seconds`` is the time of this process for this visit alone. ``connections`` leaves room for a
    server that accepts every cipher suite of the registry at each of four versions. ``deployments`` are
    distinct chains. ``certificate_elements`` counts the DER elements of all chains together: 10,000 host
    names are 10,000 elements. ``prime_bits`` is the total size of all Diffie-Hellman primes that are tested:
    a 4096-bit prime takes two and a half seconds of processor time, a 2048-bit prime a quarter of a second.
    """

    processor_seconds: float = 5.0
    bytes_received: int = 8 * 2**20
    connections: int = 2_000
    deployments: int = 8
    certificate_elements: int = 100_000
    prime_bits: int = 6_144


class VisitBudget:
    """What one visit has cost so far. Once a limit is reached, it stays ``exhausted``."""

    def __init__(
        self,
        limits: BudgetLimits | None = None,
        *,
        connections: int = 0,
        bytes_sent: int = 0,
        bytes_received: int = 0,
    ) -> None:
        self.limits = limits or BudgetLimits()
        self.connections = connections
        self.bytes_sent = bytes_sent
        self.bytes_received = bytes_received
        self.processor_seconds = 0.0
        self._elements = 0
        self._prime_bits = 0
        self._step = _Step(self)
        self._exhausted: str | None = None

    @property
    def exhausted(self) -> str | None:
        """Which limit was reached first, in words; None while no limit is reached."""
        if self._exhausted is None:
            self._exhausted = self._reached()
        return self._exhausted

    def _reached(self) -> str | None:
        limits = self.limits
        if self.processor_seconds > limits.processor_seconds:
            return f"{limits.processor_seconds:g} s of processor time"
        if self.bytes_received > limits.bytes_received:
            return f"{limits.bytes_received / 2**20:g} MiB received"
        if self.connections >= limits.connections:
            return f"{limits.connections:,} connections"
        return None

    @property
    def is_heavy(self) -> bool:
        """Whether the visit has used so much processor time that it has to take turns with other heavy visits."""
        return self.processor_seconds > _HEAVY_SECONDS

    def step(self) -> _Step:
        """Counts the processor time of the block, which runs on the event loop and without an await.

        A step inside a step is counted once.
        """
        return self._step

    def takes_elements(self, count: int) -> bool:
        """Draws ``count`` certificate elements. If fewer are left, returns false and draws nothing."""
        if self._elements + count > self.limits.certificate_elements:
            self._exhausted = (
                self.exhausted or f"{self.limits.certificate_elements:,} certificate elements"
            )
            return False
        self._elements += count
        return True

    def takes_prime(self, bits: int) -> bool:
        """Draws one test of a prime of ``bits`` bits. If fewer bits are left, returns false and draws
        nothing.

        A refused test does not exhaust the budget: the other questions continue.
        """
        if self.exhausted is not None or self._prime_bits + bits > self.limits.prime_bits:
            return False
        self._prime_bits += bits
        return True


class _Step:
    """The block of ``VisitBudget.step``, entered any number of times."""

    __slots__ = ("_began", "_budget", "_depth")

    def __init__(self, budget: VisitBudget) -> None:
        self._budget = budget
        self._began = 0.0
        self._depth = 0

    def __enter__(self) -> None:
        if self._depth == 0:
            self._began = time.thread_time()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._budget.processor_seconds += time.thread_time() - self._began


_CURRENT: ContextVar[VisitBudget | None] = ContextVar("visit_budget", default=None)


def current_budget() -> VisitBudget:
    """The budget of the current visit; a new one outside any visit."""
    return _CURRENT.get() or VisitBudget()


class Metered(Coroutine[Any, Any, Found]):
    """A coroutine that draws the processor time of each of its steps from a budget. Its tasks see the same budget."""

    def __init__(self, budget: VisitBudget, inner: Coroutine[Any, Any, Found]) -> None:
        self._budget = budget
        self._inner = inner

    def send(self, value: Any, /) -> Any:  # noqa: D102
        return self._advance(self._inner.send, value)

    def throw(  # noqa: D102
        self,
        kind: type[BaseException] | BaseException,
        value: BaseException | object = None,
        traceback: TracebackType | None = None,
        /,
    ) -> Any:
        error = kind if isinstance(kind, BaseException) else kind()
        return self._advance(self._inner.throw, error)

    def close(self) -> None:  # noqa: D102
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Found]:
        step: Callable[[Any], Any] = self._inner.send
        value: Any = None
        while True:
            try:
                waited_for = self._advance(step, value)
            except StopIteration as end:
                found: Found = end.value
                return found
            try:
                value = yield waited_for
                step = self._inner.send
            except BaseException as error:
                value, step = error, self._inner.throw

    def _advance(self, step: Callable[[Any], Any], value: Any) -> Any:
        token = _CURRENT.set(self._budget)
        try:
            with self._budget.step():
                return step(value)
        finally:
            _CURRENT.reset(token)


async def off_loop(
    work: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs
) -> Found:
    """Runs synchronous ``work`` in a thread and returns its result; its processor time draws on the visit's budget."""
    seconds: list[float] = []

    def metered() -> Found:
        began = time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            seconds.append(time.thread_time() - began)

    budget = current_budget()
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), metered)
    finally:
        budget.processor_seconds += sum(seconds)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="judging")
