"""Scanning: the addresses of all targets are probed side by side, within one set of connection limits."""

from __future__ import annotations

import asyncio
from typing import Final, Unpack

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from model.version import TOOL_VERSION
from probe.visit.engine import Engine
from scheduling.resolve import resolve, unresolved
from tlsprobe.errors import TlsprobeError
from tlsprobe.options import ScanOptions, ScanRequest, read_request

_PROBES_AT_ONCE: Final = 16


async def scan(*targets: str | Target, **options: Unpack[ScanOptions]) -> tuple[Observation, ...]:
    """Probe every address of each target once: one Observation for each, in the order of the targets.

    A target is ``example.com``, ``192.0.2.1:8443``, ``[2001:db8::1]:443``, ``smtp://mail.example.com`` or
    a Target. ``ScanOptions`` lists the keyword arguments. A name that does not resolve and a server that
    does not answer give an Observation whose ``state`` and ``reason`` say so; nothing is raised for them.

    Raises:
        InputError: for a target or an option that cannot be used; nothing has been sent then.
        TypeError: for a keyword argument that does not exist.
    """
    request = await asyncio.to_thread(read_request, targets, options)
    scanner = await asyncio.to_thread(_Scanner, request)
    async with asyncio.TaskGroup() as group:
        probes = [group.create_task(scanner.probe(target)) for target in request.targets]
    return tuple(observation for probe in probes for observation in probe.result())


def scan_blocking(
    *targets: str | Target, **options: Unpack[ScanOptions]
) -> tuple[Observation, ...]:
    """What ``scan`` returns, for programs without asyncio.

    Raises:
        InputError, TypeError: as ``scan``.
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


class _Scanner:
    """Probes targets, so many endpoints at a time."""

    def __init__(self, request: ScanRequest) -> None:
        self._clock = SystemClock()
        self._engine = Engine(request.settings, self._clock)
        self._family = request.family
        self._at_once = asyncio.Semaphore(_PROBES_AT_ONCE)

    async def probe(self, target: Target) -> list[Observation]:
        """One Observation for each address, in the resolver's order."""
        started_at = self._clock.now()
        resolution = await resolve(target, family=self._family)
        if not resolution.endpoints:
            failure = resolution.failure or f"{target.host} has no address"
            return [unresolved(target, failure, started_at, TOOL_VERSION)]
        async with asyncio.TaskGroup() as group:
            probes = [group.create_task(self._probe(one)) for one in resolution.endpoints]
        return [probe.result() for probe in probes]

    async def _probe(self, endpoint: Endpoint) -> Observation:
        async with self._at_once:
            return await self._engine.visit(endpoint)
