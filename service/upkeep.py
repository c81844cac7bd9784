"""What a service does beside its work, for as long as it runs: forget, look after the store, hear SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from model.ports import Clock
from storage import AnotherVersionError, Retention, SqlStore, StoreError

_STORE_CHECK_SECONDS: Final = 10.0
_FIRST_FORGETTING_SECONDS: Final = 3600.0
_FORGETTING_SECONDS: Final = 86_400.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


async def forget(
    store: SqlStore,
    retention: Callable[[], Retention],
    clock: Clock,
    is_leading: Callable[[], bool],
) -> None:
    """Forgets what has been kept for long enough: an hour after the start, and then daily.

    Of several schedulers the one that leads does it; the others look once an hour whether they do.
    """
    pause = _FIRST_FORGETTING_SECONDS
    while True:
        await asyncio.sleep(pause)
        if not is_leading():
            pause = _FIRST_FORGETTING_SECONDS
            continue
        pause = _FORGETTING_SECONDS
        try:
            pruned = await store.prune(retention(), clock.now())
        except StoreError as error:
            _LOG.warning("nothing more could be forgotten for now", reason=str(error))
        else:
            _LOG.info("forgot what was kept for long enough", **pruned)


async def watch_store(store: SqlStore, tell: Callable[[bool], None]) -> None:
    """Tells again and again whether the store answers."""
    while True:
        tell(await store.healthy())
        await asyncio.sleep(_STORE_CHECK_SECONDS)


async def watch_version(store: SqlStore, stop: asyncio.Event) -> AnotherVersionError:
    """Returns, and tells to ``stop``, once another version of tlsprobe has upgraded the store's tables."""
    while True:
        try:
            await store.check_version()
        except AnotherVersionError as error:
            stop.set()
            return error
        except StoreError as error:
            _LOG.debug("the store's version cannot be told for now", reason=str(error))
        await asyncio.sleep(_STORE_CHECK_SECONDS)


async def reload_on_signal(reload: Callable[[], Awaitable[str | None]]) -> None:
    """Reads the configuration again at each SIGHUP."""
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
