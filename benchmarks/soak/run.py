"""One soak: starts the servers and the service, changes the servers, samples the service, and compares at the end."""

from __future__ import annotations

import asyncio
import json
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks.soak.fleet import Member, changing_fleet
from benchmarks.soak.history import address_of, history_problems
from benchmarks.soak.planter import Planter
from benchmarks.soak.service import Entry, Soaking, age_seconds, soaking
from benchmarks.soak.usage import Usage, growth, usage
from tests.support.ports import free_port

_SAMPLE_SECONDS: Final = 0.5
_SETTLES_WITHIN_SECONDS: Final = 180.0
_MOST_OVERTIME_SECONDS: Final = 300.0
_FIRST_VISITS: Final = 2
_LISTS_AT_ONCE: Final = 40
"""More than the service has connections to its database, and threads."""

_FORGOTTEN_SECONDS: Final = 30.0
_LATEST: Final = 0.25
"""The part of an interval after which a line of the log is too old to plant: the next visit may have begun."""
_STOP_LIMIT_SECONDS: Final = 10.0
_ENUMERATE_EVERY: Final = 30
"""In visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How long, over how many servers, and how often they change.

    Each server changes after ``mean_visits`` visits on average, and is visited at least ``least_visits`` times.
    Memory may grow by the fraction ``memory_limit``, and ``spare`` more descriptors, threads and tasks are not yet
    a fault. The defaults are six hours of visits every minute.
    """

    endpoints: int = 40
    minutes: float = 12.0
    warm_up_minutes: float = 3.0
    interval: float = 2.0
    mean_visits: int = 6
    least_visits: int = 60
    memory_limit: float = 0.05
    spare: int = 0
    seed: int = 1


async def soak(options: Options, directory: Path, database: str) -> list[str]:
    """One sentence for each fault; the service stores in ``database`` and has its files in ``directory``."""
    async with changing_fleet(options.endpoints, directory) as members:
        port = free_port()
        configuration = _configure(options, directory, database, port)
        planter = Planter(members, options.mean_visits, options.seed)
        async with soaking(configuration) as service, asyncio.TaskGroup() as group:
            reading = group.create_task(service.read(partial(_plant, planter, options)))
            samples = await _sample(service, options, f"http://127.0.0.1:{port}")
            planter.stop()
            settled = group.create_task(planter.settled.wait())
            await asyncio.wait(
                (settled, reading), timeout=_SETTLES_WITHIN_SECONDS, return_when=FIRST_COMPLETED
            )
            settled.cancel()
            ended_at = datetime.now(UTC)
            await service.stop()
        _summarize(service, members, samples)
        return [
            *growth(samples, options.memory_limit, options.spare),
            *_log_problems(service, members, ended_at),
            *_unsettled(planter),
            *await history_problems(database, members, service.visits),
        ]


def _unsettled(planter: Planter) -> Iterator[str]:
    if not planter.settled.is_set():
        yield "the visits do not show the last change of every server"


def _configure(options: Options, directory: Path, database: str, port: int) -> Path:
    settings = {
        "listen": f"127.0.0.1:{port}",
        "database": database,
        "state_directory": str(directory),
        "targets_files": [str(directory / "targets.csv")],
        "trust_stores": {"soak": str(directory / "root.pem")},
        "policies": ["mozilla-intermediate"],
        "interval_seconds": options.interval,
        "enumerate_interval_seconds": options.interval * _ENUMERATE_EVERY,
        "log_format": "json",
    }
    file = directory / "tlsprobe.yml"
    file.write_text(json.dumps(settings))
    return file


async def _plant(planter: Planter, options: Options, entry: Entry) -> None:
    is_fresh = age_seconds(entry) < options.interval * _LATEST
    await planter.visited(address_of(entry["endpoint"]), entry["state"], may_plant=is_fresh)


async def _sample(service: Soaking, options: Options, url: str) -> Sequence[Usage]:
    """The samples after the warm-up.

    At its end, many lists are read at once: connections to the database and threads are opened on demand and stay, so
    their numbers must have reached their limits before they are compared.
    """
    async with httpx.AsyncClient(timeout=30) as client:
        page = partial(client.get, f"{url}/metrics")
        await _phase(service, options, page, options.warm_up_minutes, least=_FIRST_VISITS)
        await asyncio.gather(*(client.get(f"{url}/api/v1/changes") for _ in range(_LISTS_AT_ONCE)))
        return await _phase(service, options, page, options.minutes, least=options.least_visits)


async def _phase(
    service: Soaking,
    options: Options,
    page: Callable[[], Awaitable[httpx.Response]],
    minutes: float,
    *,
    least: int,
) -> list[Usage]:
    """The samples of ``minutes``, and of as long as it takes until each server was visited ``least`` times."""
    samples: list[Usage] = []
    loop, before = asyncio.get_running_loop(), service.visits.copy()
    ends = loop.time() + 60 * minutes
    while loop.time() < ends + _MOST_OVERTIME_SECONDS and service.process.returncode is None:
        done = service.visits - before
        is_visited = len(done) == options.endpoints and min(done.values()) >= least
        if is_visited and loop.time() >= ends:
            break
        with suppress(httpx.TransportError):
            samples.append(usage(service.process.pid, (await page()).text))
        await asyncio.sleep(_SAMPLE_SECONDS)
    return samples


def _log_problems(service: Soaking, members: Sequence[Member], ended_at: datetime) -> Iterator[str]:
    for line, count in service.lines.items():
        yield f"{count} lines in the log: {line}"
    visited = {address_of(key): moment for key, moment in service.last_visits.items()}
    for member in members:
        last = visited.get(member.address)
        if last is None or (ended_at - last).total_seconds() > _FORGOTTEN_SECONDS:
            yield f"{member.name} was not visited in the last {_FORGOTTEN_SECONDS:.0f} s"
    if service.stop_seconds > _STOP_LIMIT_SECONDS:
        yield f"the service took {service.stop_seconds:.1f} s to stop"
    if service.has_ended_itself:
        yield f"the service ended by itself with status {service.process.returncode}"
    elif service.process.returncode:
        yield f"the service stopped with status {service.process.returncode}"


def _summarize(service: Soaking, members: Sequence[Member], samples: Sequence[Usage]) -> None:
    planted = sum(len(member.planted) for member in members)
    print(f"{service.visits.total()} visits to {len(members)} servers, {planted} changes planted")
    for name in Usage.__dataclass_fields__:
        numbers = [getattr(one, name) for one in samples]
        if numbers:
            print(
                f"  {name:12} {numbers[0]:>12} at first, {numbers[-1]:>12} at last, "
                f"from {min(numbers)} to {max(numbers)}"
            )
