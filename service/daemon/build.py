"""Puts the parts of the service together and gives each its dependencies. Nothing runs yet.

Only this module joins the layers; parts know one another only by the Protocols of ``model``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from exporters.prometheus import PageWriter, ServiceMetrics
from exporters.prometheus.service.fleet import FleetMetrics
from exporters.prometheus.service.process_state import show_process_state
from model.caching.size_bounded_cache import cached_bytes
from model.clock import SystemClock
from model.frozen import frozen
from model.query import ServiceEvent
from model.target import Target
from scheduling.resolve import resolve
from scheduling.scheduler import Scheduler
from service.config.settings import ServiceSettings
from service.daemon.imported_waivers import DeskOfImports
from service.daemon.planning import Planner
from service.daemon.probes import LocalProbes
from service.daemon.state import ServiceState
from service.daemon.targets import TargetFeed
from service.delivery.sinks import SinkInputs, Sinks
from service.http.waivers import WaiverDesk
from service.inventory.inventory import Inventory
from service.inventory.metrics_page import InventoryPage
from service.inventory.service_meter import ServiceMeter
from service.judging.configured_policies import configured_policies
from service.judging.policy_evaluator import PolicyEvaluator
from service.probe_endpoint.allowed import Allowed
from service.probe_endpoint.jobs import ProbeJobs
from service.probe_endpoint.observer import Observer
from service.probe_endpoint.prober import OnDemandProber, ProberContext
from service.process.start_up import StartError, engine_of
from service.watchdog.guarded_visits import GuardedVisits
from storage import SqlStore, StoreError

if TYPE_CHECKING:
    # It needs procrastinate, which is installed only with the extra for workers.
    from service.fleet.leader import Leader

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


@frozen
class Parts:
    """The parts of one service. What changes while it runs is in ``state`` and in the parts themselves."""

    state: ServiceState
    clock: SystemClock
    store: SqlStore
    evaluator: PolicyEvaluator
    page: InventoryPage
    metrics: ServiceMetrics
    planner: Planner
    targets: TargetFeed
    on_demand: OnDemandProber
    jobs: ProbeJobs
    sinks: Sinks
    waivers: WaiverDesk
    started_at: datetime

    @property
    def inventory(self) -> Inventory:
        """The newest status of every endpoint."""
        return self.planner.inventory

    @property
    def guarded(self) -> GuardedVisits:
        """Isolates endpoints that crash the service."""
        return self.planner.probes.guarded


def build(settings: ServiceSettings, store: SqlStore, fixed_targets: Sequence[Target]) -> Parts:
    """Build a service that stores results in ``store`` and probes ``fixed_targets`` and its sources' targets.

    Raises:
        PolicyError: if a policy is invalid.
        StartError: if workers are configured and their dependencies are not installed.
    """
    clock = SystemClock()
    state = ServiceState(settings, engine_of(settings, clock))
    evaluator = PolicyEvaluator(configured_policies(settings, clock))
    guarded = GuardedVisits(settings, clock, partial(note_event, store))

    def current_endpoints() -> Collection[str]:
        return planner.current_endpoints()

    # These two call the planner only when the service runs.
    metrics = _metrics(state, guarded, lambda: planner.scheduler, lambda: page.age_seconds)
    inventory = Inventory(clock, current_endpoints, evaluator, plan=state.plan)
    planner = Planner(
        state=state,
        clock=clock,
        store=store,
        judge=evaluator.judge,
        inventory=inventory,
        probes=_probes(state, guarded, ServiceMeter(metrics, inventory), clock),
        leader=_leader(settings, store, inventory, metrics),
    )
    page = _page(settings, clock, inventory, metrics)
    on_demand = OnDemandProber(settings.on_demand, prober_context(planner))
    waivers = WaiverDesk(evaluator, store, clock.now)
    return Parts(
        state=state,
        clock=clock,
        store=store,
        evaluator=evaluator,
        page=page,
        metrics=metrics,
        planner=planner,
        targets=TargetFeed(state, evaluator, planner, fixed_targets, metrics.forget_source, page),
        on_demand=on_demand,
        jobs=ProbeJobs(Observer(on_demand), clock, store),
        sinks=_sinks(settings, store, page, planner, metrics, DeskOfImports(waivers)),
        waivers=waivers,
        started_at=clock.now(),
    )


def _metrics(
    state: ServiceState,
    guarded: GuardedVisits,
    scheduler: Callable[[], Scheduler],
    age_seconds: Callable[[], float],
) -> ServiceMetrics:
    # With workers, the queue knows which endpoints are quarantined, and the leader counts them.
    is_alone = not state.settings.workers.enabled
    metrics = ServiceMetrics(
        queue_length=lambda: scheduler().queue_length,
        probes_in_flight=lambda: scheduler().probes_in_flight,
        schedule_lag_seconds=lambda: scheduler().lag_seconds,
        store_up=lambda: state.is_store_up,
        endpoints_quarantined=guarded.count_set_aside if is_alone else None,
        snapshot_age_seconds=age_seconds,
    )
    loop = asyncio.get_running_loop()
    show_process_state(
        metrics.registry, tasks=lambda: len(asyncio.all_tasks(loop)), cached_bytes=cached_bytes
    )
    return metrics


def _probes(
    state: ServiceState, guarded: GuardedVisits, meter: ServiceMeter, clock: SystemClock
) -> LocalProbes:
    return LocalProbes(state=state, guarded=guarded, meter=meter, clock=clock)


def _page(
    settings: ServiceSettings, clock: SystemClock, inventory: Inventory, metrics: ServiceMetrics
) -> InventoryPage:
    writer = PageWriter(settings.metrics.options)
    return InventoryPage(inventory.snapshot, writer, clock, metrics.series_dropped)


def _leader(
    settings: ServiceSettings, store: SqlStore, inventory: Inventory, metrics: ServiceMetrics
) -> Leader | None:
    if not settings.workers.enabled:
        return None
    try:
        from service.fleet.leader import Leader
    except ModuleNotFoundError as error:
        raise StartError(
            f"workers need the Python package {error.name}: install tlsprobe[workers]"
        ) from error
    return Leader(
        settings.database,
        workers=settings.workers,
        statuses=store,
        known=inventory,
        metrics=FleetMetrics(metrics.registry),
    )


def _sinks(
    settings: ServiceSettings,
    store: SqlStore,
    page: InventoryPage,
    planner: Planner,
    metrics: ServiceMetrics,
    waivers: DeskOfImports,
) -> Sinks:
    inputs = SinkInputs(
        page=page,
        snapshot=planner.inventory.snapshot,
        registry=metrics.registry,
        reported=store,
        clock=planner.clock,
        gate=settings.gate,
        waivers=waivers,
    )
    return Sinks(settings, inputs, has_facts=lambda: planner.is_planning)


def prober_context(planner: Planner) -> ProberContext:
    """What ``/probe`` needs from the service, by the active configuration."""
    state = planner.state
    return ProberContext(
        engine=state.engine,
        settings=state.settings.probe_settings,
        clock=planner.clock,
        allowed=Allowed(state.settings.on_demand.networks, state.gate),
        resolve=resolve,
        target_of=planner.target,
        status_of=planner.inventory.status,
        guarding=planner.probes.guarded.guarding,
    )


async def note_event(store: SqlStore, event: ServiceEvent) -> None:
    """Store the event, or log that it cannot be stored."""
    try:
        await store.note(event)
    except StoreError as error:
        _LOG.warning("an event cannot be stored", event_kind=event.kind, reason=str(error))
