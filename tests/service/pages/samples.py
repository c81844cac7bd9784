"""The pages of a few endpoints, served without a network, with a Store of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
from starlette.applications import Starlette

from exporters.reports import Report
from exporters.service_state import FleetState, PartStates, SinkState
from model.claims.resource_claim import ResourceClaim
from model.findings.remediation import Remediation
from model.observation import Observation
from model.query import AuditAction
from model.snapshot import EndpointStatus, Snapshot
from policy import PolicySet
from service.config.modules.on_demand import OnDemandSettings
from service.http.audit import audit_entry
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.guard.principal import Principal
from service.http.pages.changing.actions import PageActions
from service.http.pages.inventory import Warnings
from service.http.pages.routes import page_routes
from service.http.pages.sources import PageSources
from service.http.reports import ReportOptions, WrittenReports, report_routes
from service.http.waivers import WaiverDesk
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.policy_text import compared
from service.judging.report_builder import ReportScope, make_report
from service.judging.report_policies import policy_text
from service.probe_endpoint.jobs import ProbeJobs
from service.probe_endpoint.observer import Observer
from service.scan.explaining.stored import explained_lines
from service.scan.explaining.text import proof_lines
from storage import SqlStore
from tests.exporters.reports.samples import EXPIRED_WAIVER, POLICY, WAIVER
from tests.policy.observed import policy
from tests.service.probe_endpoint.asking import LOOPBACK, World
from tests.service.samples import NOW

ANYONE: Final = Access()
"""Clients on this machine are administrators; those with a header of a proxy are viewers."""

RULES: Mapping[str, Mapping[str, Any]] = {
    "protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]},
}
STRICT_RULES: Mapping[str, Mapping[str, Any]] = {
    "protocol_versions": {"allowed": ["TLSv1.3"]},
    "certificate_key": {"rsa_bits": 3072},
}
POLICIES: Final = (policy(POLICY.name, RULES), policy("strict", STRICT_RULES))
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


PARTS: Final = PartStates(
    skipped={"file": ("targets.yml:3: the port is missing", "targets.yml:9: unknown key 'prot'")},
    sinks=(
        SinkState(sink="textfile", deliveries=9, delivered_at=NOW),
        SinkState(
            sink="team-chat",
            deliveries=2,
            delivered_at=NOW - timedelta(hours=3),
            failures=4,
            failed_at=NOW,
            error="the receiver answers 403",
            waiting=5,
        ),
    ),
    fleet=FleetState(leads=True, workers=3, waiting={"default": 7}, quarantined=1),
)


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
        proof_of=proof_lines,
        policies=lambda: (POLICY, policy_text(POLICIES[1])),
        compare=lambda first, second: compared(POLICIES, first, second),
        status=lambda: STATUS,
        parts=lambda: PARTS,
        actions=actions_of(store),
    )


def actions_of(store: SqlStore) -> PageActions:
    """Actions with a policy, and a prober that finds every name on this machine."""
    clock = HandClock()
    evaluator = PolicyEvaluator(PolicySet(policies=POLICIES), (WAIVER, EXPIRED_WAIVER))
    prober = World(addresses=("127.0.0.1",)).prober(
        OnDemandSettings.model_validate({"networks": LOOPBACK})
    )

    async def record(by: Principal, action: AuditAction, target: str) -> None:
        await store.audit(audit_entry(by, NOW, action, target))

    return PageActions(
        waivers=WaiverDesk(evaluator, store, clock.now),
        jobs=ProbeJobs(Observer(prober), clock, store),
        record=record,
    )


def app_of(
    store: SqlStore,
    statuses: Sequence[EndpointStatus],
    warnings: Warnings = lambda _: (),
    access: Access = ANYONE,
    resource_claims: tuple[ResourceClaim, ...] = (),
) -> Guard:
    sources = sources_of(store)
    evaluator = sources.actions.waivers.evaluator

    def snapshot() -> Snapshot:
        shown = tuple(_waived(one, evaluator) for one in statuses)
        return Snapshot(taken_at=NOW, endpoints=shown, resource_claims=resource_claims)

    async def make(options: ReportOptions) -> Report:
        book = replace(evaluator.book, waivers=evaluator.waivers)
        scope = ReportScope(
            book=book, selection=options.labels, weeks=options.weeks, is_judged=True
        )
        return await make_report(store, snapshot(), scope, NOW)

    pages = page_routes(snapshot, HandClock(), sources, warnings)
    return Guard(Starlette(routes=[*pages, *report_routes(WrittenReports(make))]), access)


def _waived(one: EndpointStatus, evaluator: PolicyEvaluator) -> EndpointStatus:
    """The status with the waivers that are in force now; the same object if they change nothing."""
    target = one.observation.endpoint.target
    findings = evaluator.with_waivers(one.findings, target, NOW)
    return one if findings == one.findings else replace(one, findings=findings)


@asynccontextmanager
async def client_of(
    *statuses: EndpointStatus,
    warnings: Warnings = lambda _: (),
    access: Access = ANYONE,
    resource_claims: tuple[ResourceClaim, ...] = (),
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages of ``statuses``, with an empty Store."""
    with TemporaryDirectory() as directory:
        async with await SqlStore.open(f"sqlite:///{Path(directory) / 'kept.db'}") as store:
            transport = httpx.ASGITransport(
                app_of(store, statuses, warnings, access, resource_claims)
            )
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                yield client
