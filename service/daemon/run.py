"""The service: discovery, scheduler, engine, store and HTTP side, put together and run as one.

Here the layers meet, and only here: each part gets what it asks for by model's Protocols. What
stops the start is a ``StartError`` in one sentence; SIGTERM and SIGINT stop the service within
ten seconds, and lose nothing that was stored.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any, Final

import structlog

from discovery.files.targets_file import TargetsFileError, read_targets_file
from exporters.prometheus import PageWriter, ServiceMetrics
from exporters.reports import Report
from model.clock import SystemClock
from model.observation import Observation
from model.ports import Store
from model.query import ServiceEvent
from model.safe_output.secret_text import SecretMask, masked_url
from model.target import Endpoint, Target
from model.target_labels import LOG
from model.version import TOOL_VERSION
from pki.certificates import TrustStoreError
from pki.net_guard.shortage import ShortageError, refusing_shortages
from pki.transparency import LogListError
from policy import PolicyError
from policy.files.yaml_file import ConfigError
from scheduling.jobs import SchedulerSettings, Visiting
from scheduling.resolve import Resolution, allowed, resolve
from scheduling.scheduler import Scheduler
from service.config.secret_marks import secrets_in
from service.config.settings import ONLY_AT_START, ServiceSettings
from service.config.sources import Surrounding
from service.daemon.status import running_status
from service.delivery.sinks import Sinks, Sources
from service.fleet.leader_store import LeaderStore, plan_with_workers
from service.http.app import inventory_route, make_app
from service.http.guard.guard import Guard
from service.http.guard.start import http_access, http_limits
from service.http.pages import page_routes
from service.http.probe import probe_route
from service.http.reports import report_routes
from service.http.server import ListenError, listen, serve_http, url_of
from service.http.service_discovery import service_discovery_route
from service.http.waivers import waiver_routes
from service.inventory.inventory import Inventory
from service.inventory.metrics_page import InventoryPage
from service.inventory.service_meter import ServiceMeter
from service.judging.judging_store import JudgingStore
from service.judging.policy_evaluator import PolicyEvaluator, declared_targets
from service.judging.report_builder import ReportScope, make_report
from service.probe_endpoint.allowed import Allowed
from service.probe_endpoint.prober import OnDemandProber, ProberContext
from service.process.logs import set_up_logs
from service.process.maintenance import (
    forget,
    limit_endpoints,
    reload_on_signal,
    watch_store,
    watch_version,
)
from service.process.start_up import (
    StartError,
    book_of,
    engine_of,
    lead_of,
    stopping_signals,
    warn_of_readers,
)
from service.sources.followed_sources import FollowedSources, Kept
from service.sources.remembered_targets import targets_by_source
from service.sources.target_sources import TargetSources
from service.watchdog.guarded_visits import GuardedVisits
from service.watchdog.watchdog import watched_loop
from storage import Retention, SqlStore, StoreError

_STOP_SECONDS: Final = 7.0
"""For visits that run when the service is stopped; the store and HTTP take the rest of ten."""

"""A target's label that makes the log follow its visits, with the value ``debug``."""

_LOG = structlog.stdlib.get_logger("tlsprobe")


async def serve(
    settings: ServiceSettings,
    *,
    targets: Sequence[Target] = (),
    on_start: Callable[[str], None] | None = None,
    read_again: Callable[[], ServiceSettings] | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads its configuration again.

    Args:
        settings: what to probe, where to keep it, where to listen.
        targets: what to probe besides the targets files.
        read_again: gives the configuration as it stands when the service is told to reload.
        on_start: is called once with the URL of the HTTP side, when it is about to answer.

    Raises:
        StartError: where a port is taken, or the database or a targets file cannot be used; or where
            another version of tlsprobe upgraded the database meanwhile, and this one has stopped.
    """
    mask = SecretMask(secrets_in(settings))
    set_up_logs(settings.log_format, settings.log_level, mask)
    with stopping_signals() as stop:
        async with AsyncExitStack() as stack:
            try:
                for path in settings.targets_files:
                    await asyncio.to_thread(read_targets_file, path)
                listener = stack.enter_context(listen(settings.listen))
                store = await stack.enter_async_context(await SqlStore.open(settings.database))
                await store.note(_event("started", f"version {TOOL_VERSION} started"))
                service = _Service(settings, store, targets, read_again, mask)
                await service.remember()
            except (ListenError, StoreError, TargetsFileError, PolicyError) as error:
                raise StartError(mask.masked(str(error))) from error
            warn_of_readers(store)
            url = url_of(listener)
            _LOG.info(
                "serving", url=url, database=masked_url(settings.database), version=TOOL_VERSION
            )
            if on_start is not None:
                on_start(url)
            async with watched_loop():
                superseded = await service.run(listener, stop)
            if superseded is not None:
                raise StartError(str(superseded))
            with suppress(StoreError):
                await store.note(_event("stopped", "stopped as it was told"))
        _LOG.info("stopped")


def _event(kind: str, sentence: str) -> ServiceEvent:
    return ServiceEvent(at=SystemClock().now(), kind=kind, sentence=sentence)


class _Service:
    """The running parts, each given what it asks for."""

    def __init__(
        self,
        settings: ServiceSettings,
        store: SqlStore,
        fixed_targets: Sequence[Target],
        read_again: Callable[[], ServiceSettings] | None,
        mask: SecretMask,
    ) -> None:
        self._mask = mask
        self._clock = SystemClock()
        self._settings = settings
        self._read_again = read_again
        self._engine = engine_of(settings, self._clock)
        self._store = store
        self._is_store_up = True
        self._is_stopping = False
        self._fixed_targets = fixed_targets
        self._started_at = self._clock.now()
        self._desk = PolicyEvaluator(book_of(settings, self._clock))
        self.inventory = Inventory(
            self._clock, self._current_endpoints, self._interval_of, self._desk
        )
        self._visits = GuardedVisits(settings, self._clock, self._note_event)
        self._metrics = ServiceMetrics(
            queue_length=lambda: self._scheduler.queue_length,
            visits_in_flight=lambda: self._scheduler.visits_in_flight,
            schedule_lag_seconds=lambda: self._scheduler.lag_seconds,
            store_up=lambda: self._is_store_up,
            endpoints_set_aside=(
                # The queue knows the workers', and ``lead_of`` counts them.
                None if settings.workers.enabled else self._visits.count_set_aside
            ),
            snapshot_age_seconds=lambda: self._page.age_seconds,
        )
        self._page: InventoryPage = InventoryPage(
            self.inventory.snapshot,
            PageWriter(settings.metrics.options),
            self._clock,
            self._metrics.series_dropped,
        )
        self._limit_endpoints()
        self._meter = ServiceMeter(self._metrics, self.inventory)
        self._visiting: Visiting = self._visit
        self._judging = JudgingStore(store, self._desk)
        self._scheduler = self._new_scheduler(self._judging)
        self._targets: Sequence[Target] = ()
        self._lead = (
            lead_of(settings, store, self.inventory, self._metrics.registry)
            if settings.workers.enabled
            else None
        )
        self._is_planning = self._lead is None
        self._remarks: tuple[str, ...] = ()
        self._gate = settings.gate
        self._sources = FollowedSources(self._new_sources, self._metrics.forget_source)
        self._on_demand = OnDemandProber(settings.on_demand, self._around_probes())
        self._outlets = Sinks(
            settings,
            Sources(
                page=self._page,
                snapshot=self.inventory.snapshot,
                registry=self._metrics.registry,
                ledger=store,
                clock=self._clock,
            ),
            has_facts=lambda: self._is_planning,
        )

    async def remember(self) -> None:
        """Begin with what the store has; raises StoreError."""
        statuses = await self._store.statuses()
        self.inventory.remember(statuses)
        self.inventory.remember_resolved(await self._store.resolved_findings())
        self._sources.begin_with(targets_by_source(statuses))
        self._desk.kept = {waiver.name: waiver for waiver in await self._store.waivers()}

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> StoreError | None:
        """Probe and serve until ``stop``; the HTTP side ends last.

        Returns why, where another version of tlsprobe has taken the database over.
        """
        app = make_app(
            service_registry=self._metrics.registry,
            is_ready=lambda: self._sources.current.are_read and not self._is_stopping,
            status=self._status,
            reload=self.reload,
            enumerate_soon=self._enumerate_soon,
            more=(
                *page_routes(self.inventory.snapshot, self._clock),
                inventory_route(self._page),
                probe_route(self._on_demand),
                service_discovery_route(lambda: self._scheduler.targets),
                *waiver_routes(self._desk, self._store, self._clock.now),
                *report_routes(self._report),
            ),
        )
        guarded = Guard(app, http_access(self._settings, listener))
        close_http = asyncio.Event()
        await self._visits.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(
                serve_http(guarded, listener, http_limits(self._settings), close_http)
            )
            planning = group.create_task(self._plan())
            version = group.create_task(watch_version(self._store, stop))
            watchers = [
                version,
                # What the store remembers was judged by the policies of its time.
                group.create_task(self.inventory.judge_again()),
                group.create_task(self._sources.watch()),
                group.create_task(watch_store(self._store, self._note_store)),
                group.create_task(self._page.keep_fresh()),
                group.create_task(
                    forget(
                        self._store,
                        self._retention,
                        self._clock,
                        lambda: self._is_planning,
                        self._metrics.retention_held_back,
                    )
                ),
                group.create_task(reload_on_signal(self.reload)),
                group.create_task(self._outlets.run()),
            ]
            await stop.wait()
            _LOG.info("stopping", visits_in_flight=self._scheduler.visits_in_flight)
            self._is_stopping = True
            for watcher in watchers:
                watcher.cancel()
            await self._scheduler.stop()
            if self._lead is not None:
                planning.cancel()
            await self._on_demand.close()
            await self._visits.close()
            close_http.set()
        return None if version.cancelled() else version.result()

    async def _plan(self) -> None:
        """Visits what is due; with workers, as long as this process leads."""
        if self._lead is None:
            await self._scheduler.run()
        else:
            await self._lead.run(self._serve_term)

    async def _serve_term(self, visit: Visiting) -> None:
        """Plans from what the Store says, with ``visit`` to have visits made, until it is stopped."""
        self.inventory.remember(await self._store.statuses())
        await self.inventory.judge_again()
        self._visiting = visit
        self._scheduler = self._new_scheduler(LeaderStore(self._judging, self.inventory))
        self._scheduler.set_targets(self._targets)
        self._is_planning = True
        try:
            await self._scheduler.run()
        finally:
            self._is_planning = False
            self._visiting = self._visit
            self._scheduler = self._new_scheduler(self._judging)

    def _new_scheduler(self, store: Store) -> Scheduler:
        return Scheduler(
            visit=self._visiting,
            resolve=self._resolve,
            store=store,
            clock=self._clock,
            settings=self._scheduler_settings(),
            meter=self._meter,
        )

    def _target(self, target_key: str) -> Target | None:
        return self._scheduler.target(target_key)

    def _enumerate_soon(self, target_key: str | None) -> bool:
        return self._scheduler.enumerate_soon(target_key)

    async def reload(self) -> str | None:
        """Takes the configuration as it stands now, or leaves all as it is and says why."""
        if self._read_again is None:
            return (
                "this service was started without a configuration: there is nothing to read again"
            )
        try:
            settings = await asyncio.to_thread(self._read_again)
            engine = await asyncio.to_thread(engine_of, settings, self._clock)
            book = await asyncio.to_thread(book_of, settings, self._clock)
        except (ConfigError, TrustStoreError, LogListError) as error:
            reason = self._mask.masked(str(error))
            self._metrics.config_read(is_good=False)
            _LOG.error("the configuration cannot be used, the last good one stays", reason=reason)
            return reason
        self._mask.add(secrets_in(settings))
        for name in ONLY_AT_START:
            if getattr(settings, name) != getattr(self._settings, name):
                _LOG.warning("a setting takes effect at the next start", setting=name)
        self._settings, self._engine, self._desk.book = settings, engine, book
        await self.inventory.judge_again()
        self._limit_endpoints()
        self._gate = settings.gate
        self._visits.reconfigure(settings)
        self._scheduler.reconfigure(self._scheduler_settings(), self._visiting)
        self._on_demand.reconfigure(settings.on_demand, self._around_probes())
        self._sources.reload()
        self._metrics.config_read(is_good=True)
        _LOG.info("configuration reloaded", sources=len(settings.sources))
        return None

    def _new_sources(self, kept: Kept) -> TargetSources:
        surrounding = Surrounding(
            gate=self._gate, statuses=lambda: self.inventory.snapshot().endpoints
        )
        return TargetSources(
            self._settings.ruled_sources(surrounding),
            (*self._fixed_targets, *declared_targets(self._desk.book)),
            self._take_targets,
            self._meter,
            self._gate,
            kept,
        )

    def _take_targets(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        if self._is_planning:
            self._scheduler.set_targets(targets)
        self._page.expire()
        # By then the source that has just been read counts as read.
        asyncio.get_running_loop().call_soon(self._tell_idle_policies, targets)

    def _tell_idle_policies(self, targets: Sequence[Target]) -> None:
        """Once for each policy that holds for nothing, when all sources have been heard."""
        if not self._sources.current.are_read:
            return
        remarks = self._desk.book.without_endpoints(targets)
        for remark in remarks:
            if remark not in self._remarks:
                _LOG.warning("a policy is idle", reason=remark)
        self._remarks = remarks

    def _around_probes(self) -> ProberContext:
        return ProberContext(
            engine=self._engine,
            settings=self._settings.probe_settings,
            clock=self._clock,
            allowed=Allowed(self._settings.on_demand.networks, self._gate),
            resolve=resolve,
            target_of=self._target,
            status_of=self.inventory.status,
            guarding=self._visits.guarding,
        )

    def _scheduler_settings(self) -> SchedulerSettings:
        plan = SchedulerSettings(
            paces=self._settings.paces,
            visits_at_once=self._settings.visits_at_once,
            stop_grace_seconds=_STOP_SECONDS,
            enumerates_at_start=self._settings.enumerate_at_start,
        )
        return plan_with_workers(plan) if self._settings.workers.enabled else plan

    async def _visit(self, endpoint: Endpoint, known: Observation | None) -> Observation:
        try:
            return await self._visits.visit(endpoint, known, self._visit_here)
        except ShortageError as shortage:
            self._meter.ran_short(str(shortage))
            raise

    async def _visit_here(self, endpoint: Endpoint, known: Observation | None) -> Observation:
        def say(phrase: str) -> None:
            _LOG.info("asking", endpoint=endpoint.key, about=phrase)

        is_followed = endpoint.target.labels.get(LOG) == "debug"
        return await self._engine.visit(endpoint, say if is_followed else None, known=known)

    async def _resolve(self, target: Target) -> Resolution:
        try:
            with refusing_shortages():
                found = await resolve(target, family=self._settings.probe.address_family)
        except ShortageError as shortage:
            self._meter.ran_short(str(shortage))
            raise
        judged = allowed(found, self._gate)
        if denied := len(found.endpoints) - len(judged.endpoints):
            _LOG.info("addresses of a target are denied", target=target.key, addresses=denied)
        return judged

    def _interval_of(self, target: Target) -> float:
        return self._scheduler_settings().pace_of(target).interval_seconds

    def _status(self) -> dict[str, Any]:
        return running_status(
            self._scheduler,
            self.inventory.snapshot(),
            self._sources.current.by_source,
            self._sources.current.errors,
            self._sources.current.warnings,
            self._started_at,
        )

    async def _report(self, labels: Mapping[str, str], weeks: int) -> Report:
        wish = ReportScope(
            book=replace(self._desk.book, waivers=self._desk.waivers),
            selection=labels,
            weeks=weeks,
            is_judged=True,
        )
        return await make_report(self._store, self.inventory.snapshot(), wish, self._clock.now())

    def _current_endpoints(self) -> Collection[str]:
        return self._scheduler.current_endpoints()

    async def _note_event(self, event: ServiceEvent) -> None:
        try:
            await self._store.note(event)
        except StoreError as error:
            _LOG.warning("an event cannot be stored", event_kind=event.kind, reason=str(error))

    def _note_store(self, is_up: bool) -> None:
        self._is_store_up = is_up

    def _limit_endpoints(self) -> None:
        limit = self._settings.retention.endpoint_bytes_per_day
        limit_endpoints(self._store, limit, self._metrics.store_dropped)

    def _retention(self) -> Retention:
        return self._settings.retention.kept()
