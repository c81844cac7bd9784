"""Background tasks of a service: delete old data, count the fleet, check the store, handle SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from model.ports import Clock
from model.query import ServiceEvent, ServiceEventKind
from model.records.fleet_count import FleetCount
from storage import AnotherVersionError, Dropped, Retention, RetentionTime, SqlStore, StoreError

_STORE_CHECK_SECONDS: Final = 10.0
_FIRST_FORGETTING_SECONDS: Final = 3600.0
_FORGETTING_SECONDS: Final = 86_400.0
_FIRST_COUNT_SECONDS: Final = 300.0
_COUNT_SECONDS: Final = 3600.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


async def forget(
    store: SqlStore,
    retention: Callable[[], Retention],
    clock: Clock,
    is_leading: Callable[[], bool],
    show_held_back: Callable[[float], None],
) -> None:
    """Delete data whose retention has ended: an hour after the start, and then daily.

    Of several schedulers only the leader does this; the others check once an hour whether they lead.
    ``show_held_back`` gets the number of seconds by which the clock is implausibly far ahead.
    """
    pause = _FIRST_FORGETTING_SECONDS
    since = clock.monotonic()
    while True:
        await asyncio.sleep(pause)
        if not is_leading():
            pause = _FIRST_FORGETTING_SECONDS
            continue
        pause = _FORGETTING_SECONDS
        try:
            running = timedelta(seconds=clock.monotonic() - since)
            pruned = await store.prune(retention(), clock.now(), running)
            since = clock.monotonic()
            _LOG.info("expired data deleted", **pruned.counts)
            show_held_back(pruned.time.held_back.total_seconds())
            await _warn_of_clock(store, pruned.time)
        except StoreError as error:
            _LOG.warning("expired data cannot be deleted now", reason=str(error))


async def count_fleet(
    store: SqlStore, count: Callable[[], Awaitable[FleetCount]], is_leading: Callable[[], bool]
) -> None:
    """Store the count of the fleet: soon after the start, and then each hour; the last one of a day stays.

    Of several schedulers only the leader does this.
    """
    pause = _FIRST_COUNT_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = _COUNT_SECONDS
        if not is_leading():
            continue
        try:
            await store.put_fleet_count(await count())
        except StoreError as error:
            _LOG.warning("the count of the fleet cannot be stored now", reason=str(error))


async def _warn_of_clock(store: SqlStore, time: RetentionTime) -> None:
    """Log and store what is wrong with the clock; raises StoreError."""
    if time.held_back:
        sentence = (
            f"the clock is {time.held_back.days} days further ahead than expected since the last deletion of expired "
            f"data, so data are deleted only as of {time.at:%Y-%m-%d %H:%M}: correct the clock, or run "
            "`tlsprobe db vacuum --trust-clock` if it is right"
        )
    elif time.clock_behind:
        sentence = (
            f"the clock is {time.clock_behind.days} days behind the last deletion of expired data: correct it, "
            "because results stored now get a wrong time"
        )
    else:
        return
    _LOG.error("the clock is implausible", reason=sentence)
    await store.note(
        ServiceEvent(at=time.now, kind=ServiceEventKind.CLOCK_JUMPED, sentence=sentence)
    )


def limit_endpoints(
    store: SqlStore, bytes_per_day: int, count: Callable[[int], None] = lambda _size: None
) -> None:
    """Limit what each endpoint stores in a day; dropped data are counted, and logged once a day."""

    def dropped(one: Dropped) -> None:
        count(one.size)
        if one.is_first:
            _LOG.warning(
                "an endpoint reached its daily storage limit, the rest is dropped",
                endpoint=one.endpoint_key,
                setting="retention.endpoint_bytes_per_day",
                bytes_per_day=bytes_per_day,
            )

    store.limit_endpoints(bytes_per_day, dropped)


async def watch_store(store: SqlStore, tell: Callable[[bool], None]) -> None:
    """Report at intervals whether the store answers."""
    while True:
        tell(await store.healthy())
        await asyncio.sleep(_STORE_CHECK_SECONDS)


async def watch_version(store: SqlStore, stop: asyncio.Event) -> AnotherVersionError:
    """Set ``stop`` and return once another version of tlsprobe has upgraded the store's tables."""
    while True:
        try:
            await store.check_version()
        except AnotherVersionError as error:
            stop.set()
            return error
        except StoreError as error:
            _LOG.debug("the store's version cannot be read now", reason=str(error))
        await asyncio.sleep(_STORE_CHECK_SECONDS)


async def reload_on_signal(reload: Callable[[], Awaitable[str | None]]) -> None:
    """Read the configuration again at each SIGHUP."""
    hung_up = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    try:
        while True:
            await hung_up.wait()
            hung_up.clear()
            await reload()
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
