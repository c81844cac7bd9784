"""Probes two targets at the same time, to compare what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from model.clock import SystemClock
from model.observation import Observation
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.progress import Progress
from service.scan.request import ScanRequest


async def probe_both(
    request: ScanRequest, warn: Callable[[str], None]
) -> tuple[Observation, Observation]:
    """One Observation of each of the two targets; ``warn`` hears of addresses that are not compared."""
    clock = SystemClock()
    engine, progress = Engine(request.settings, clock), Progress(len(request.targets))
    scan = Scan(
        lambda endpoint: engine.visit(endpoint, progress.of(endpoint)), clock, request.family
    )
    try:
        async with asyncio.TaskGroup() as group:
            first, second = (group.create_task(scan.probe(target)) for target in request.targets)
            for probe in (first, second):
                probe.add_done_callback(progress.target_done)
    finally:
        progress.line.clear()
    return _one_of(first.result(), warn), _one_of(second.result(), warn)


def _one_of(found: Sequence[Observation], warn: Callable[[str], None]) -> Observation:
    """The first address that answers, or the first one."""
    chosen = next((one for one in found if one.answered), found[0])
    if len(found) > 1:
        endpoint = chosen.endpoint
        warn(
            f"{endpoint.target.host} has {len(found)} addresses: {endpoint.address} is compared; "
            "for another one, give its address with --server-name"
        )
    return chosen
