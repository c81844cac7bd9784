"""All HTTP routes of the running service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from starlette.applications import Starlette

from exporters.reports import Report
from exporters.service_state import PartStates
from model.query import AuditAction, Selection
from model.snapshot import Snapshot
from model.target import Target
from model.target_labels import label_problems
from policy.remediation import remedy
from service.daemon.audit import record
from service.daemon.build import Parts
from service.daemon.status import status_of
from service.http.api.resources.service import ServiceApi
from service.http.api.routes import ApiParts, api_routes
from service.http.app import inventory_route, make_app
from service.http.audit import audit_route
from service.http.fleet import fleet_route
from service.http.guard.principal import Principal
from service.http.pages.changing.actions import PageActions
from service.http.pages.routes import page_routes
from service.http.pages.sources import PageSources
from service.http.probe import probe_route
from service.http.reports import ReportOptions, WrittenReports, report_routes
from service.http.service_discovery import service_discovery_route
from service.http.targets import TargetDesk
from service.http.waivers import WaiverDesk, waiver_routes
from service.judging.policy_text import compared
from service.judging.report_builder import ReportScope, make_report
from service.judging.report_policies import policy_text
from service.judging.waiver_warnings import idle_waivers
from service.scan.explaining.stored import explained_lines
from service.scan.explaining.text import proof_lines


def app_of(parts: Parts, reload: Callable[[Principal], Awaitable[str | None]]) -> Starlette:
    """The application, to be wrapped by ``service.http.guard.guard``; ``reload`` returns why it failed, if it did."""
    planner, state = parts.planner, parts.state

    def idle(snapshot: Snapshot) -> tuple[str, ...]:
        evaluator = parts.evaluator
        return idle_waivers(
            evaluator.waivers, evaluator.targets, snapshot.endpoints, snapshot.taken_at
        )

    waivers = parts.waivers
    reports = WrittenReports(partial(_report, parts))
    return make_app(
        service_registry=parts.metrics.registry,
        is_ready=lambda: parts.targets.sources.current.are_read and not state.is_stopping,
        status=lambda: status_of(parts),
        reload=reload,
        enumerate_soon=partial(_enumerate_soon, parts),
        more=(
            *page_routes(
                parts.inventory.snapshot, parts.clock, _page_sources(parts, waivers), idle
            ),
            inventory_route(parts.page),
            fleet_route(parts.inventory.snapshot),
            probe_route(parts.on_demand),
            service_discovery_route(lambda: planner.scheduler.targets),
            *waiver_routes(waivers, lambda: parts.inventory.snapshot().endpoints),
            audit_route(parts.store, parts.clock.now),
            *api_routes(_api_parts(parts, waivers, reports)),
            *report_routes(reports),
        ),
    )


def _page_sources(parts: Parts, waivers: WaiverDesk) -> PageSources:
    """What the pages show besides the Snapshot; policies may be replaced while the service runs."""
    evaluator = parts.evaluator
    return PageSources(
        archive=parts.store,
        remedy_of=lambda observation, result: remedy(observation, result, evaluator.book.policies),
        explain=explained_lines,
        proof_of=proof_lines,
        policies=lambda: tuple(map(policy_text, evaluator.book.policies)),
        compare=lambda first, second: compared(evaluator.book.policies, first, second),
        status=lambda: status_of(parts),
        parts=lambda: _part_states(parts),
        actions=PageActions(
            waivers=waivers,
            jobs=parts.jobs,
            record=partial(record, parts),
            is_read_only=parts.state.settings.http.admin == "off",
        ),
    )


def _part_states(parts: Parts) -> PartStates:
    leader = parts.planner.leader
    return PartStates(
        skipped=parts.targets.sources.current.skipped,
        sinks=parts.sinks.states,
        fleet=None if leader is None else leader.state,
    )


def _api_parts(parts: Parts, waivers: WaiverDesk, reports: WrittenReports) -> ApiParts:
    return ApiParts(
        store=parts.store,
        snapshot=parts.inventory.snapshot,
        waivers=waivers,
        targets=_target_desk(parts),
        reports=reports,
        service=ServiceApi(
            store=parts.store,
            status=lambda: status_of(parts),
            sources=lambda: parts.targets.sources.current,
        ),
        jobs=parts.jobs,
        record=partial(record, parts),
        clock=parts.clock,
        requests_per_minute=parts.state.settings.http.api_requests_per_minute,
    )


def _target_desk(parts: Parts) -> TargetDesk:
    state = parts.state

    def refusal(target: Target) -> str | None:
        return state.gate.target_refusal(target)

    def problem(target: Target) -> str | None:
        return next(label_problems(target.labels, state.settings.label_values), None)

    return TargetDesk(
        store=parts.store,
        source=parts.targets.api,
        scheduled=lambda: parts.planner.scheduler.targets,
        scheduled_one=parts.planner.target,
        refusal=refusal,
        problem=problem,
        now=parts.clock.now,
    )


async def _enumerate_soon(parts: Parts, target: str | None, by: Principal) -> bool:
    if not await parts.planner.enumerate_soon(target):
        return False
    await record(parts, by, AuditAction.PROBE_REQUESTED, target or "all targets")
    return True


async def _report(parts: Parts, options: ReportOptions) -> Report:
    evaluator = parts.evaluator
    scope = ReportScope(
        book=replace(evaluator.book, waivers=evaluator.waivers),
        selection=options.labels,
        weeks=options.weeks,
        is_judged=True,
        is_past=options.at is not None,
        with_cryptography=options.with_cryptography,
    )
    if options.at is None:
        snapshot = parts.inventory.snapshot()
    else:
        snapshot = await parts.store.snapshot_at(options.at, Selection(labels=options.labels))
    return await make_report(parts.store, snapshot, scope, parts.clock.now())
