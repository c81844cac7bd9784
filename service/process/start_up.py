"""What a scheduler and a worker begin with: signals that stop them, an engine, the policies, a lead."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from exporters.prometheus.service.fleet import FleetMetrics
from model.clock import SystemClock
from policy import PolicySet, read_policies
from probe.visit.engine import Engine
from service.config.settings import ServiceSettings
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import declared_targets
from service.process.limits import connections_that_fit
from service.watchdog.watchdog import start_stop_guard
from storage import SqlStore

if TYPE_CHECKING:
    from service.fleet.leader import Leader

_LOG = structlog.stdlib.get_logger("tlsprobe")


class StartError(Exception):
    """The service cannot start, or go on; the message is one sentence with the mend."""


def book_of(settings: ServiceSettings, clock: SystemClock) -> PolicySet:
    """The policies of the configuration; raises PolicyError."""
    book = read_policies(settings.policies, clock.now())
    declared_targets(book)
    for remark in book.remarks:
        _LOG.warning("a policy file is odd", reason=remark)
    return book


def engine_of(settings: ServiceSettings, clock: SystemClock) -> Engine:
    """An engine with no more connections than this process may have files open."""
    wanted = settings.probe_settings
    fitting = connections_that_fit(wanted.connections_open, settings.http.connections)
    if fitting < wanted.connections_open:
        _LOG.warning(
            "fewer connections than wanted, for the limit of open files is low: raise it (ulimit -n)",
            wanted=wanted.connections_open,
            used=fitting,
        )
    return Engine(replace(wanted, connections_open=fitting), clock)


def lead_of(
    settings: ServiceSettings, store: SqlStore, inventory: Inventory, registry: CollectorRegistry
) -> Leader:
    """What has visits made by workers while this process leads; raises StartError."""
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
        metrics=FleetMetrics(registry),
    )


def warn_of_readers(store: SqlStore) -> None:
    """Say in the log where others on this machine may read the database's file; its mode stays as it is."""
    if (mode := store.readers_besides_owner) is not None:
        _LOG.warning(
            "other users of this machine can read the database: restrict the file (chmod 600)",
            mode=mode,
        )


@contextmanager
def stopping_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; a second one ends the process at once.

    Within ten seconds the process has ended, whatever it does then.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)

    def let_go() -> None:
        for number in caught:
            faulthandler.unregister(number)
            loop.remove_signal_handler(number)

    def begin_stop() -> None:
        stop.set()
        let_go()

    for number in caught:
        loop.add_signal_handler(number, begin_stop)
    guard = start_stop_guard(caught)
    try:
        yield stop
    finally:
        let_go()
        if guard is not None and not stop.is_set():
            guard.communicate()
