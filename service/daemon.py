"""The service: discovery, scheduler, engine, store and HTTP side, put together and run as one.

Here the layers meet, and only here: each part gets what it asks for by model's Protocols. What
stops the start is a ``StartError`` in one sentence; SIGTERM and SIGINT stop the service within
ten seconds, and lose nothing that was stored.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Final

import structlog

from exporters.prometheus import ServiceMetrics
from model.target import Target
from model.version import TOOL_VERSION
from probe.clock import SystemClock
from probe.discovery.deny import DenyList
from probe.discovery.file import TargetsFileError, read_targets_file
from probe.engine import Engine
from probe.resolve import resolve
from probe.scheduler import Scheduler, SchedulerSettings
from service.discovery_settings import Surrounding
from service.http import make_app
from service.http_server import ListenError, listen, serve_http, url_of
from service.inventory import Inventory
from service.logs import set_up_logs
from service.meter import ServiceMeter
from service.settings import ServiceSettings
from service.target_sources import TargetSources
from storage import SqlStore, StoreError

_STOP_SECONDS: Final = 7.0
"""For visits that run when the service is stopped; the store and HTTP take the rest of ten."""

_STORE_CHECK_SECONDS: Final = 10.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


class StartError(Exception):
    """The service cannot start; the message is one sentence with the mend."""


async def serve(
    settings: ServiceSettings,
    *,
    targets: Sequence[Target] = (),
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Run the service until SIGTERM or SIGINT.

    Args:
        settings: what to probe, where to keep it, where to listen.
        targets: what to probe besides the targets files.
        on_start: is called once with the URL of the HTTP side, when it is about to answer.

    Raises:
        StartError: where a port is taken, or the database or a targets file cannot be used.
    """
    set_up_logs(settings.log_format, settings.log_level)
    with _stopping_signals() as stop:
        async with AsyncExitStack() as stack:
            try:
                for path in settings.targets_files:
                    await asyncio.to_thread(read_targets_file, path)
                listener = stack.enter_context(listen(settings.listen))
                store = await stack.enter_async_context(await SqlStore.open(settings.database))
                service = _Service(settings, store, targets)
                service.inventory.remember(await store.statuses())
            except (ListenError, StoreError, TargetsFileError) as error:
                raise StartError(str(error)) from error
            url = url_of(listener)
            _LOG.info("serving", url=url, database=settings.database, version=TOOL_VERSION)
            if on_start is not None:
                on_start(url)
            await service.run(listener, stop)
        _LOG.info("stopped")


class _Service:
    """The running parts, each given what it asks for."""

    def __init__(
        self, settings: ServiceSettings, store: SqlStore, fixed_targets: Sequence[Target]
    ) -> None:
        clock = SystemClock()
        engine = Engine(settings.probe_settings, clock)
        self._store = store
        self._is_store_up = True
        self._is_stopping = False
        self.inventory = Inventory(clock, self._current_endpoints, settings.interval_seconds)
        self._metrics = ServiceMetrics(
            queue_length=lambda: self._scheduler.queue_length,
            visits_in_flight=lambda: self._scheduler.visits_in_flight,
            schedule_lag_seconds=lambda: self._scheduler.lag_seconds,
            store_up=lambda: self._is_store_up,
        )
        meter = ServiceMeter(self._metrics, self.inventory)
        self._scheduler: Scheduler = Scheduler(
            visit=engine.visit,
            resolve=resolve,
            store=store,
            clock=clock,
            settings=SchedulerSettings(
                interval_seconds=settings.interval_seconds,
                visits_at_once=settings.visits_at_once,
                stop_grace_seconds=_STOP_SECONDS,
            ),
            meter=meter,
        )
        deny = DenyList(settings.deny)
        surrounding = Surrounding(deny=deny, statuses=lambda: self.inventory.snapshot().endpoints)
        self._sources = TargetSources(
            settings.ruled_sources(surrounding),
            fixed_targets,
            self._scheduler.set_targets,
            meter,
            deny,
        )

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Probe and serve until ``stop``; the HTTP side ends last."""
        app = make_app(
            service_registry=self._metrics.registry,
            snapshot=self.inventory.snapshot,
            is_ready=lambda: self._sources.are_read and not self._is_stopping,
        )
        close_http = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve_http(app, listener, close_http))
            group.create_task(self._scheduler.run())
            watchers = [
                group.create_task(self._sources.watch()),
                group.create_task(self._watch_store()),
            ]
            await stop.wait()
            _LOG.info("stopping", visits_in_flight=self._scheduler.visits_in_flight)
            self._is_stopping = True
            for watcher in watchers:
                watcher.cancel()
            await self._scheduler.stop()
            close_http.set()

    def _current_endpoints(self) -> Collection[str]:
        return self._scheduler.current_endpoints()

    async def _watch_store(self) -> None:
        while True:
            self._is_store_up = await self._store.healthy()
            await asyncio.sleep(_STORE_CHECK_SECONDS)


@contextmanager
def _stopping_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)

    def begin_stop() -> None:
        stop.set()
        for number in caught:
            loop.remove_signal_handler(number)

    for number in caught:
        loop.add_signal_handler(number, begin_stop)
    try:
        yield stop
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
