"""Examines what runs already: the service by its own status, and the workers by their heartbeats in the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from exporters.plurals import counted
from model.safe_output.secret_text import masked_urls
from service.config.settings import ServiceSettings
from service.doctor.diagnosis import Condition, Diagnosis
from service.doctor.own_listener import UnaskedError, ask_own_status, own_url
from service.http.status_client import NotListeningError, StatusError

_LAG_SECONDS: Final = 60.0


async def examine_running(settings: ServiceSettings) -> AsyncIterator[Diagnosis]:
    """The service that listens at the configured address, and its workers if it has any."""
    yield await asyncio.to_thread(_service, settings)
    if settings.workers.enabled:
        yield await _workers(settings)


def _service(settings: ServiceSettings) -> Diagnosis:
    url = own_url(settings)
    try:
        status = ask_own_status(settings)
    except NotListeningError:
        return Diagnosis(name="service", found=f"none answers at {url}, so that its lag is unknown")
    except UnaskedError as error:
        return Diagnosis(name="service", found=f"{url}: {error}, so that its lag is unknown")
    except StatusError as error:
        return Diagnosis(
            name="service",
            found=f"{url}: {error.reason}, so that its lag is unknown",
            condition=Condition.WARNING,
            fix="give the configuration of the service that runs, or find out what listens there",
        )
    lag = float(status["lag_seconds"])
    found = f"{url}: {counted(status['endpoints'], 'endpoint')}, a lag of {lag:.0f} s"
    is_late = lag > _LAG_SECONDS
    return Diagnosis(
        name="service",
        found=found,
        condition=Condition.WARNING if is_late else Condition.OK,
        fix="see the runbook TlsprobeScheduleLag: raise max_concurrent_probes, add workers, or visit less often"
        if is_late
        else "",
        details={"lag_seconds": lag, "version": status["version"]},
    )


async def _workers(settings: ServiceSettings) -> Diagnosis:
    try:
        from service.fleet.queue import QUEUE_ERRORS, Queue, Times
    except ModuleNotFoundError as error:
        return Diagnosis(
            name="workers",
            found=f"the Python package {error.name} is missing",
            condition=Condition.FAILED,
            fix="install tlsprobe[workers]",
        )
    times = Times(dead_after=settings.workers.heartbeat_timeout_seconds)
    try:
        async with Queue(settings.database, times).open() as queue:
            living, waiting = await queue.living_workers(), sum((await queue.waiting()).values())
    except QUEUE_ERRORS as error:
        return Diagnosis(
            name="workers",
            found=f"the queue cannot be read: {masked_urls(' '.join(str(error).split()))}",
            condition=Condition.WARNING,
            fix="start `tlsprobe serve`, which creates the queue",
        )
    return Diagnosis(
        name="workers",
        found=f"{counted(living, 'worker')}, {counted(waiting, 'job')} waiting",
        condition=Condition.OK if living else Condition.FAILED,
        fix="" if living else "start `tlsprobe worker` with this configuration",
        details={"workers": living, "jobs_waiting": waiting},
    )
