"""The API over a real SQLite store with judged visits, behind the Guard, called without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from discovery.attach import Attached
from exporters.reports import Report
from model.claims.resource_claim import ResourceClaim
from model.encoding.times_json import time_to_json
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Waiver
from model.observation import Observation
from model.query import AuditAction, AuditEntry, ServiceEvent
from model.snapshot import EndpointStatus, Snapshot
from model.target import Target, endpoint_id
from model.target_labels import ACTING_NAMES, label_problems
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from policy import PolicySet
from service.config.modules.on_demand import OnDemandSettings
from service.http.api.resources.service import ServiceApi
from service.http.api.routes import ApiParts, api_routes
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.guard.principal import Method, Principal
from service.http.not_served import not_served
from service.http.reports import Make, ReportOptions, WrittenReports
from service.http.targets import TargetDesk
from service.http.waivers import WaiverDesk
from service.judging.held_claims import with_claims_held
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.report_builder import ReportScope, make_report
from service.probe_endpoint.jobs import ProbeJobs, Visits
from service.probe_endpoint.observer import Observer
from service.setting_types.roles import Role
from service.sources.api_targets import ApiTargetSource
from service.sources.target_sources import RuledSource, TargetSources
from storage import SqlStore
from tests.policy.observed import policy
from tests.service.delivery.waiting import until_holds
from tests.service.probe_endpoint.asking import World
from tests.service.samples import NOW, failed, legacy, modern
from tests.support.plain_http import TRUSTS_NO_CA

ALICE: Final = Principal(name="alice", role=Role.OPERATOR, method=Method.TOKEN, address="127.0.0.1")
VICTOR: Final = replace(ALICE, name="victor", role=Role.VIEWER)
ADA: Final = replace(ALICE, name="ada", role=Role.ADMIN)
GATE: Final = SocketGate(deny=DenyList(("denied.example",)), guards_reserved=True)
MOST_TARGETS: Final = 6
LOOPBACK: Final = ("127.0.0.1",)
WEB: Final = policy("web", {"protocol_versions": {"allowed": ["TLSv1.3"]}})
OF_FILE: Final = Waiver(
    name="filed",
    rule="protocol_versions",
    reason="r",
    owner="o",
    expires_at=NOW + timedelta(days=30),
)


@dataclass
class HandClock:
    """A clock that the test moves."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Api:
    """The running API; ``by`` is who sends the next request."""

    store: SqlStore
    evaluator: PolicyEvaluator
    jobs: ProbeJobs
    clock: HandClock
    client: httpx.AsyncClient
    inventory: Inventory
    app: ASGIApp | None = None
    by: Principal = ALICE
    statuses: Sequence[EndpointStatus] = ()
    resource_claims: tuple[ResourceClaim, ...] = ()
    probed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    async def get(self, path: str, **parameters: str | Sequence[str]) -> httpx.Response:
        """The answer to a GET below ``/api/v1``."""
        return await self.client.get(f"/api/v1{path}", params=parameters)

    async def see(self, *observations: Observation) -> None:
        """Store visits, and wait until the API shows them."""
        await self.keep(*observations)
        await until_holds(lambda: self._shows(observations[-1]))

    async def keep(self, *observations: Observation) -> None:
        """Store visits with the judgement of the policies."""
        for one in observations:
            schedule = Schedule(
                endpoint_key=one.endpoint.key,
                due_at=one.started_at + timedelta(hours=1),
                interval_seconds=3600.0,
                consecutive_failures=0,
            )
            visit = await self.evaluator.judge(one, schedule)
            await self.store.record_visit(visit)
        self.statuses = [*map(with_claims_held, await self.store.statuses())]

    async def _shows(self, seen: Observation) -> bool:
        """Whether the API's facts, which are as old as their making allows, have this visit."""
        found = await self.get(f"/endpoints/{endpoint_id(seen.endpoint.key)}")
        return found.is_success and found.json()["last_probe_at"] == time_to_json(seen.ended_at)

    def snapshot(self) -> Snapshot:
        """The stored statuses, with their findings waived or not."""
        now = self.clock.now()
        shown = (
            replace(
                one,
                findings=self.evaluator.with_waivers(
                    one.findings, one.observation.endpoint.target, now
                ),
            )
            for one in self.statuses
        )
        return Snapshot(taken_at=now, endpoints=tuple(shown), resource_claims=self.resource_claims)


@asynccontextmanager
async def api(
    *, requests_per_minute: int = 1_000_000, visits: Callable[[], Visits] | None = None
) -> AsyncIterator[Api]:
    """The API with three endpoints, a policy, a waiver of a file, an event and an entry of the audit log."""
    clock = HandClock()
    evaluator = PolicyEvaluator(PolicySet(policies=(WEB,), waivers=(OF_FILE,)))
    with TemporaryDirectory() as directory:
        async with await SqlStore.open(f"sqlite:///{Path(directory) / 'kept.db'}") as store:
            prober = World(inventory=_targets(), addresses=LOOPBACK).prober(OnDemandSettings())
            jobs = ProbeJobs(Observer(prober) if visits is None else visits(), clock, store)
            async with httpx.AsyncClient(verify=TRUSTS_NO_CA) as unused:
                made = Api(store, evaluator, jobs, clock, unused, Inventory(store))
            app = Guard(
                Starlette(
                    routes=list(api_routes(_parts(made, requests_per_minute))),
                    exception_handlers={404: not_served, 405: not_served},
                ),
                Access(authenticate=lambda *_: _principal(made)),
            )
            made.app = app
            async with (
                following(made.inventory),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, raise_app_exceptions=True),
                    base_url="http://localhost",
                ) as made.client,
            ):
                await made.keep(modern(), legacy(), failed())
                await _fill(store)
                yield made
            await jobs.close()
            await prober.close()


async def _principal(made: Api) -> Principal:
    return made.by


def _targets() -> tuple[Target, ...]:
    return (modern().endpoint.target, legacy().endpoint.target)


def _parts(made: Api, requests_per_minute: int) -> ApiParts:
    async def record(_: Principal, action: AuditAction, target: str) -> None:
        is_start = action is AuditAction.PROBE_REQUESTED
        (made.probed if is_start else made.removed).append(target)

    return ApiParts(
        store=made.store,
        snapshot=made.snapshot,
        waivers=WaiverDesk(made.evaluator, made.store, made.clock.now),
        targets=TargetDesk(
            store=made.store,
            source=made.inventory.api,
            scheduled=lambda: made.inventory.targets,
            scheduled_one=made.inventory.target,
            refusal=GATE.target_refusal,
            problem=lambda target: next(label_problems(target.labels), None),
            now=made.clock.now,
            most=MOST_TARGETS,
        ),
        reports=WrittenReports(_reporting(made)),
        service=ServiceApi(
            store=made.store,
            status=lambda: {
                "version": "1",
                "started_at": "2026-07-01T00:00:00Z",
                "endpoints": 3,
                "lag_seconds": 0.0,
            },
            sources=lambda: made.inventory.sources,
        ),
        jobs=made.jobs,
        record=record,
        clock=made.clock,
        requests_per_minute=requests_per_minute,
    )


def _reporting(made: Api) -> Make:
    async def report(options: ReportOptions) -> Report:
        scope = ReportScope(
            book=made.evaluator.book,
            selection=options.labels,
            weeks=options.weeks,
            is_judged=True,
            with_cryptography=options.with_cryptography,
        )
        snapshot = (
            made.snapshot() if options.at is None else await made.store.snapshot_at(options.at)
        )
        return await make_report(made.store, snapshot, scope, made.clock.now())

    return report


class Inventory:
    """The targets of a file, and those of the API in ``store``."""

    def __init__(self, store: SqlStore) -> None:
        self.targets: Sequence[Target] = ()
        self.api = ApiTargetSource(store)
        self.sources = TargetSources(
            (RuledSource(source=self.api, trusted_labels=ACTING_NAMES),),
            _targets(),
            self._use,
            NoMeter(),
            GATE,
        )

    def target(self, key: str) -> Target | None:
        return next((one for one in self.targets if one.key == key), None)

    async def _use(self, found: Attached) -> None:
        self.targets = found.targets


@asynccontextmanager
async def following(inventory: Inventory) -> AsyncIterator[None]:
    """Follows the sources of ``inventory``, as the service does; its targets are there."""
    watching = asyncio.create_task(inventory.sources.watch())
    await inventory.api.take_effect()
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


class NoMeter:
    """Counts nothing."""

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        pass

    def discovery_untrusted(self, source: str, labels: int) -> None:
        pass

    def discovery_skipped(self, source: str, entries: int) -> None:
        pass

    def discovery_expired(self, source: str) -> None:
        pass


async def _fill(store: SqlStore) -> None:
    for number in range(3):
        at = NOW + timedelta(minutes=number)
        await store.note(ServiceEvent(at=at, kind="started", sentence=f"start {number}"))
        await store.audit(
            AuditEntry(
                at=at,
                actor="alice",
                method="token",
                role="operator",
                address=None,
                action=AuditAction.PROBE_REQUESTED,
                subject=f"www{number}.example:443",
                before=None,
                after=None,
            )
        )
