"""Scanning: the addresses of all targets are probed concurrently, within common connection limits."""

from __future__ import annotations

import asyncio
from typing import Unpack

from model.clock import SystemClock
from model.observation import Observation
from model.target import Target
from probe.visit.engine import Engine
from scheduling.scan import Scan
from tlsprobe.errors import TlsprobeError
from tlsprobe.options import ScanOptions, read_request


async def scan(*targets: str | Target, **options: Unpack[ScanOptions]) -> tuple[Observation, ...]:
    """Probe every address of each target once; returns one Observation for each, in the order of the targets.

    A target is ``example.com``, ``192.0.2.1:8443``, ``[2001:db8::1]:443``, ``smtp://mail.example.com`` or
    a Target. ``ScanOptions`` lists the keyword arguments. A name that does not resolve or a server that does not
    answer raises nothing: the ``state`` and ``reason`` of its Observation say so.

    Raises:
        InputError: for a target or an option that cannot be used, before anything is sent.
        TypeError: for an unknown keyword argument.
    """
    request = await asyncio.to_thread(read_request, targets, options)
    engine = await asyncio.to_thread(Engine, request.settings, clock := SystemClock())
    scan_of = Scan(engine.visit, clock, request.family)
    async with asyncio.TaskGroup() as group:
        probes = [group.create_task(scan_of.probe(target)) for target in request.targets]
    return tuple(observation for probe in probes for observation in probe.result())


def scan_blocking(
    *targets: str | Target, **options: Unpack[ScanOptions]
) -> tuple[Observation, ...]:
    """The result of ``scan``, for programs without asyncio.

    Raises:
        InputError, TypeError: see ``scan``.
        TlsprobeError: inside a running event loop, which it would block.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise TlsprobeError(
            "scan_blocking cannot run inside an event loop: use `await tlsprobe.scan(...)` there"
        )
    return asyncio.run(scan(*targets, **options))
