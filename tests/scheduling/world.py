"""A small world for the scheduler: names with addresses, servers that answer or not, a Store.

All of it is in memory and on virtual time; ``visits`` and ``stored`` record what happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from model.certificates.certificate import Certificate, ServedChain
from model.endpoint_state import Advanced, Schedule, Visit
from model.observation import Cost, Mode, Observation, State
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target
from model.verdict import Verdict
from model.verification.remembered import Known
from model.version import TOOL_VERSION
from scheduling.interval import IntervalPolicy
from scheduling.jobs import Probing, SchedulerSettings
from scheduling.resolve import Resolution
from scheduling.scheduler import Scheduler
from tests.scheduling.virtual_time import LoopClock

HOUR = 3600.0
PACE = IntervalPolicy(interval_seconds=HOUR)
SETTINGS = SchedulerSettings(paces=(PACE,), max_concurrent_probes=4)


def target(host: str, **labels: str) -> Target:
    return Target(host=host, port=443, server_name=host, labels=labels)


def chain_of(not_before: datetime, not_after: datetime) -> ServedChain:
    """The chain of a certificate that is valid between the two times."""
    leaf = Certificate(sha256=64 * "0", not_before=not_before, not_after=not_after)
    return ServedChain(
        key_type=leaf.key_type,
        chain=(leaf,),
        versions=(),
        served_with_server_name=True,
        problems=(),
        trust={},
        hostname_matches=Verdict.YES,
    )


@dataclass(slots=True)
class World:
    """The addresses of names, the results of visits, and how long they take."""

    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)
    visit_seconds: float = 1.0
    store_is_down: bool = False
    settings: SchedulerSettings = SETTINGS
    clock: LoopClock = field(default_factory=LoopClock)
    differs: bool = False
    certificates: tuple[ServedChain, ...] = ()
    known: list[tuple[str, bool]] = field(default_factory=list)
    visits: list[tuple[float, Endpoint]] = field(default_factory=list)
    stored: list[tuple[Observation, Schedule]] = field(default_factory=list)
    newest: dict[str, Observation] = field(default_factory=dict)
    planned: list[Schedule] = field(default_factory=list)
    finished: list[Observation] = field(default_factory=list)
    late_seconds: list[float] = field(default_factory=list)
    doubted: list[Observation] = field(default_factory=list)
    doubting: asyncio.Event = field(default_factory=asyncio.Event)
    failed_writes: int = 0
    running: dict[str, int] = field(default_factory=dict)
    most_at_once: int = 0
    overlapped: bool = False

    def scheduler(self) -> Scheduler:
        return Scheduler(
            probing=Probing(visit=self.visit, resolve=self.resolve),
            store=self,
            clock=self.clock,
            settings=self.settings,
            meter=self,
        )

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        self.known.append((endpoint.key, known is not None))
        self.visits.append((self.clock.monotonic(), endpoint))
        self.running[endpoint.key] = self.running.get(endpoint.key, 0) + 1
        self.overlapped = self.overlapped or self.running[endpoint.key] > 1
        self.most_at_once = max(self.most_at_once, sum(self.running.values()))
        started_at = self.clock.now()
        try:
            await asyncio.sleep(self.visit_seconds)
        finally:
            self.running[endpoint.key] -= 1
        if endpoint.target.host in self.faulty:
            raise RuntimeError("an internal error")
        return Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.VERIFY if known is not None and not self.differs else Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=started_at,
            cost=Cost(duration_seconds=self.visit_seconds),
            state=State.TIMEOUT if endpoint.target.host in self.failing else State.TLS,
            certificates=self.certificates,
        )

    async def resolve(self, target: Target) -> Resolution:
        addresses = self.addresses.get(target.host, ("192.0.2.1",))
        if not addresses:
            return Resolution(endpoints=(), failure=f"{target.host} does not resolve.")
        endpoints = tuple(Endpoint(target=target, address=address) for address in addresses)
        return Resolution(endpoints=endpoints, failure=None)

    async def record_visit(self, visit: Visit) -> Advanced | None:
        if self.store_is_down:
            raise OSError("disk full")
        self.stored.append((visit.observation, visit.schedule))
        self.newest[visit.key] = visit.observation
        return None

    async def schedules(self) -> Sequence[Schedule]:
        return self.planned

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        if self.store_is_down:
            raise OSError("disk full")
        newest = self.newest.get(endpoint_key)
        return newest if newest is None or newest.answered or not answered else None

    async def statuses(self) -> Sequence[EndpointStatus]:
        return ()

    def visit_finished(self, visit: Visit) -> None:
        self.finished.append(visit.observation)

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        raise AssertionError("this store says nothing of visits")

    def visit_began(self, late_seconds: float) -> None:
        self.late_seconds.append(late_seconds)

    def visit_doubted(self, observation: Observation) -> None:
        self.doubted.append(observation)
        self.doubting.set()

    def store_write_failed(self) -> None:
        self.failed_writes += 1

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        raise AssertionError("the scheduler discovers nothing")

    def discovery_untrusted(self, source: str, labels: int) -> None:
        raise AssertionError("the scheduler discovers nothing")

    def discovery_skipped(self, source: str, entries: int) -> None:
        raise AssertionError("the scheduler discovers nothing")

    def discovery_expired(self, source: str) -> None:
        raise AssertionError("the scheduler discovers nothing")

    async def until_retried(self, count: int) -> None:
        """Returns once ``count`` failed visits are going to be repeated."""
        while len(self.doubted) < count:
            self.doubting.clear()
            await self.doubting.wait()

    def moments(self, host: str) -> list[float]:
        """The times at which visits to ``host`` began."""
        return [moment for moment, endpoint in self.visits if endpoint.target.host == host]
