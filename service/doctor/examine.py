"""All examinations, in the order in which a service needs the parts; none takes longer than its limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from service.config.settings import ServiceSettings
from service.doctor.database import examine_database_and_clock
from service.doctor.diagnosis import Condition, Diagnosis
from service.doctor.machine import examine_machine
from service.doctor.network import examine_network
from service.doctor.running import examine_running

_LIMIT_SECONDS: Final = 20.0


async def examine(
    settings: ServiceSettings, date_from: str | None = None, limit_seconds: float = _LIMIT_SECONDS
) -> list[Diagnosis]:
    """The condition of each part; ``date_from`` is a web server whose Date header the clock is compared with."""
    parts: dict[str, Callable[[], AsyncIterator[Diagnosis]]] = {
        "database": lambda: examine_database_and_clock(settings, date_from),
        "machine": lambda: _of_machine(settings),
        "network": lambda: examine_network(settings),
        "running": lambda: examine_running(settings),
    }
    found: list[Diagnosis] = []
    for name, examination in parts.items():
        try:
            async with asyncio.timeout(limit_seconds):
                async for one in examination():
                    found.append(one)  # noqa: PERF401 (what was found before the limit stays)
        except TimeoutError:
            found.append(
                Diagnosis(
                    name=name,
                    found=f"no answer within {limit_seconds:g} s",
                    condition=Condition.FAILED,
                    fix="find out what it waits for: a database, a name server or a disk",
                )
            )
    return found


async def _of_machine(settings: ServiceSettings) -> AsyncIterator[Diagnosis]:
    for one in await asyncio.to_thread(lambda: list(examine_machine(settings))):
        yield one
