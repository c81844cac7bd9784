"""The pages of a few endpoints, served without a network, with a Store of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from starlette.applications import Starlette

from model.findings.remediation import Remediation
from model.observation import Observation
from model.snapshot import EndpointStatus, Snapshot
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.pages.inventory import Warnings
from service.http.pages.routes import page_routes
from service.http.pages.sources import PageSources
from service.scan.explaining.stored import explained_lines
from storage import SqlStore
from tests.exporters.reports.samples import POLICY
from tests.service.samples import NOW

REMEDY = Remediation(
    server="nginx",
    place="in the server block",
    lines=("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_prefer_server_ciphers off;"),
)
STATUS: Mapping[str, Any] = {
    "version": "0.1.0",
    "started_at": "2026-06-30T12:00:00Z",
    "sources": {"file": 3, "dns": 0},
    "source_errors": {"dns": "the zone transfer was refused"},
    "source_warnings": {"file": "2 entries were skipped"},
    "endpoints": 4,
    "endpoints_probed": 3,
    "endpoints_failing": 1,
    "queue_length": 3,
    "probes_in_flight": 1,
    "lag_seconds": 0.25,
    "worst": [
        {
            "endpoint": "down.example:443@192.0.2.1",
            "state": "timeout",
            "consecutive_failures": 3,
            "reason": "nothing came within 5 s",
            "last_success_at": None,
        }
    ],
}


class HandClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def status(observation: Observation) -> EndpointStatus:
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600,
    )


def sources_of(store: SqlStore) -> PageSources:
    return PageSources(
        archive=store,
        remedy_of=lambda _, __: REMEDY,
        explain=explained_lines,
        policies=lambda: (POLICY,),
        status=lambda: STATUS,
        actions=actions_of(store),
    )


def actions_of(store: SqlStore) -> PageActions:
    """Actions with a policy, and a prober that finds every name on this machine."""
    clock = HandClock()
    evaluator = PolicyEvaluator(PolicySet(policies=(policy(POLICY.name, RULES),)))
    prober = World(addresses=("127.0.0.1",)).prober(OnDemandSettings(networks=LOOPBACK))

    async def record(by: Principal, target: str) -> None:
        await store.audit(audit_entry(by, NOW, AuditAction.PROBE_REQUESTED, target))

    return PageActions(
        waivers=WaiverDesk(evaluator, store, clock.now),
        jobs=ProbeJobs(Observer(prober), clock),
        record=record,
    )


def app_of(
    store: SqlStore, statuses: Sequence[EndpointStatus], warnings: Warnings = lambda _: ()
) -> Guard:
    snapshot = Snapshot(taken_at=NOW, endpoints=tuple(statuses))
    routes = page_routes(lambda: snapshot, HandClock(), sources_of(store), warnings)
    return Guard(Starlette(routes=list(routes)), Access())


@asynccontextmanager
async def client_of(
    *statuses: EndpointStatus, warnings: Warnings = lambda _: ()
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages of ``statuses``, with an empty Store."""
    with TemporaryDirectory() as directory:
        async with await SqlStore.open(f"sqlite:///{Path(directory) / 'kept.db'}") as store:
            transport = httpx.ASGITransport(app_of(store, statuses, warnings))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                yield client
