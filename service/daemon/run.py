"""Runs the service: all its parts in parallel, from the start until it is stopped.

An error at the start is a ``StartError`` of one sentence. SIGTERM and SIGINT stop the service within
ten seconds; nothing that was stored is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Final

import structlog

from discovery.files.targets_file import TargetsFileError, read_targets_file
from model.clock import SystemClock
from model.observation import State
from model.query import ServiceEvent, ServiceEventKind
from model.records.fleet_count import FleetCount, accepted_by, fleet_count
from model.safe_output.secret_text import SecretMask, masked_url
from model.target import Target
from model.version import TOOL_VERSION
from policy.files.yaml_file import ConfigError
from service.config.settings import ServiceSettings
from service.config.unknown_variables import unknown_variables
from service.daemon.audit import SIGHUP
from service.daemon.build import Parts, build
from service.daemon.reload import limit_stored_bytes, reload
from service.daemon.routes import app_of
from service.history.attribution import Attributor
from service.history.event_queues import EventQueues
from service.http.guard.guard import Guard
from service.http.guard.principal import Principal
from service.http.server import ListenError, serve_http
from service.http.start import HttpSide, http_side
from service.integrations.otel.telemetry import telemetry
from service.inventory.newer_statuses import read_newer_statuses
from service.process.logs import set_up_logs
from service.process.maintenance import (
    count_fleet,
    forget,
    reload_on_signal,
    watch_store,
    watch_version,
)
from service.process.start_up import StartError, warn_of_readers
from service.process.stopping import stopping_signals
from service.setting_types.secret_marks import secrets_in
from service.sources.remembered_targets import remembered
from service.watchdog.watchdog import watched_loop
from storage import SqlStore, StoreError

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


async def serve(
    settings: ServiceSettings,
    *,
    targets: Sequence[Target] = (),
    on_start: Callable[[str], None] = lambda _url: None,
    read_again: Callable[[], ServiceSettings] | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT; SIGHUP reads its configuration again.

    Args:
        settings: what to probe, where to store results, where to listen.
        targets: what to probe in addition to the targets files.
        read_again: returns the current configuration for a reload.
        on_start: called once with the URL of the HTTP side, just before it answers.

    Raises:
        StartError: if a port is taken, or the database or a targets file cannot be used; also if another
        version of tlsprobe has upgraded the database meanwhile and this one has stopped.
    """
    mask = SecretMask(secrets_in(settings))
    set_up_logs(settings.log_format, settings.log_level, mask)
    with stopping_signals() as stop:
        async with AsyncExitStack() as stack:
            try:
                http, parts = await _start(settings, targets, stack)
            except (ListenError, StoreError, TargetsFileError, ConfigError) as error:
                raise StartError(mask.masked(str(error))) from error
            _say_serving(settings, http.url)
            on_start(http.url)
            async with watched_loop(), telemetry(parts.metrics.registry):
                superseded = await _run(parts, http, partial(reload, parts, read_again, mask), stop)
            if superseded is not None:
                raise StartError(str(superseded))
            with suppress(StoreError):
                await parts.store.note(_event(ServiceEventKind.STOPPED, "stopped on request"))
        _LOG.info("stopped")


async def _start(
    settings: ServiceSettings, targets: Sequence[Target], stack: AsyncExitStack
) -> tuple[HttpSide, Parts]:
    """The HTTP side, and the parts with their state from the store; ``stack`` closes their resources."""
    for path in settings.targets_files:
        await asyncio.to_thread(read_targets_file, path)
    http = stack.enter_context(http_side(settings, SystemClock().now))
    store = await stack.enter_async_context(await SqlStore.open(settings.database))
    await store.note(_event(ServiceEventKind.STARTED, f"version {TOOL_VERSION} started"))
    parts = build(settings, store, targets)
    limit_stored_bytes(parts)
    await read_newer_statuses(store, parts.inventory)
    parts.inventory.remember_resolved(await store.resolved_findings())
    kept = remembered(parts.inventory.statuses, await store.resource_claims())
    parts.targets.sources.begin_with(kept)
    parts.evaluator.kept = {waiver.name: waiver for waiver in await store.waivers()}
    warn_of_readers(store)
    return http, parts


def _say_serving(settings: ServiceSettings, url: str) -> None:
    _LOG.info("serving", url=url, database=masked_url(settings.database), version=TOOL_VERSION)
    if not settings.names_targets:
        _LOG.warning(
            "the configuration names no targets: add some through the API", setting="targets_files"
        )
    for name in unknown_variables(settings):
        _LOG.warning("an environment variable is not a setting and has no effect", variable=name)


def _event(kind: ServiceEventKind, sentence: str) -> ServiceEvent:
    return ServiceEvent(at=SystemClock().now(), kind=kind, sentence=sentence)


async def _run(
    parts: Parts,
    http: HttpSide,
    reload_now: Callable[[Principal], Awaitable[str | None]],
    stop: asyncio.Event,
) -> StoreError | None:
    """Probe and serve until ``stop``; the HTTP side ends last.

    Returns the reason if another version of tlsprobe has taken over the database.
    """
    guarded_app = Guard(app_of(parts, reload_now), http.access)
    close_http = asyncio.Event()
    await parts.guarded.begin()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve_http(guarded_app, http.socket, http.limits, close_http, http.new_tls)
        )
        planning = group.create_task(parts.planner.run())
        version = group.create_task(watch_version(parts.store, stop))
        watched = (http.web.watch(), *_watchers(parts, reload_now))
        watchers = [group.create_task(one) for one in watched]
        await stop.wait()
        _LOG.info("stopping", probes_in_flight=parts.planner.scheduler.probes_in_flight)
        parts.state.is_stopping = True
        for watcher in (version, *watchers):
            watcher.cancel()
        await parts.planner.scheduler.stop()
        if parts.planner.leader is not None:
            planning.cancel()
        await parts.jobs.close()
        await parts.on_demand.close()
        await parts.guarded.close()
        close_http.set()
    return None if version.cancelled() else version.result()


async def _fleet_count(parts: Parts) -> FleetCount:
    snapshot = parts.inventory.snapshot()
    answering = [
        one.observation for one in snapshot.endpoints if one.observation.state is State.TLS
    ]
    return await asyncio.to_thread(fleet_count, map(accepted_by, answering), snapshot.taken_at)


def _watchers(
    parts: Parts, reload_now: Callable[[Principal], Awaitable[str | None]]
) -> tuple[Coroutine[Any, Any, None], ...]:
    """What runs next to the visits until the service is stopped."""
    return (
        # The state in the store was judged by the policies of its time.
        parts.inventory.judge_again(),
        parts.targets.sources.watch(),
        watch_store(parts.store, parts.state.set_store_up),
        parts.page.keep_fresh(),
        forget(
            parts.store,
            parts.state.retention,
            parts.clock,
            lambda: parts.planner.is_planning,
            parts.metrics.retention_held_back,
        ),
        count_fleet(parts.store, partial(_fleet_count, parts), lambda: parts.planner.is_planning),
        reload_on_signal(partial(reload_now, SIGHUP)),
        parts.sinks.run(),
        *_attribution(parts),
    )


def _attribution(parts: Parts) -> Iterator[Coroutine[Any, Any, None]]:
    state = parts.state
    active = (parts.store, parts.clock, lambda: state.settings, lambda: state.gate)
    yield Attributor(*active).run(lambda: parts.planner.is_planning)
    yield EventQueues(*active, parts.metrics).run(lambda: parts.planner.is_planning)
