"""The cost of visits for the process that makes them: stalls of its loop, CPU, time and memory.

A stall is the time between two heartbeats during which this process used the CPU. A busy machine delays
heartbeats too, which is not the visit's fault. A thread that holds the interpreter counts like the loop
itself.
"""

from __future__ import annotations

import asyncio
import ctypes
import ctypes.util
import gc
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import uvloop

from model.clock import SystemClock
from model.observation import Observation, State
from model.target import Endpoint, Target
from pki.net_guard.gate import SocketGate
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.hostile.mode import SERVER_NAME, Mode, stream
from tests.hostile.self_signed import tls_context
from tests.probe.programmable.server import Connection

BEAT_SECONDS: Final = 0.01
VISITS: Final = 10
REPEATED_SECONDS: Final = 2.0
"""The deadline of all visits but the first; these visits only measure what stays in memory."""

MOST_STALL_SECONDS: Final = 0.25
MOST_PROCESSOR_SECONDS: Final = 5.0
MOST_OVERTIME_SECONDS: Final = 1.0
MOST_MEMORY_MEGABYTES: Final = 20.0
_SETTINGS: Final = ProbeSettings(
    answer_timeout_seconds=1.0,
    connect_timeout_seconds=1.0,
    greeting_timeout_seconds=2.0,
    connections_per_address=64,
    connections_per_host=64,
    connections_per_second=10_000,
    fetch=True,
    gate=SocketGate(
        fetch_networks=(ip_network("127.0.0.0/8"),), fetch_ports=frozenset(range(1, 65_536))
    ),
)
_MEGABYTE: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The measurements of a single visit, in seconds; and the memory left by ten visits, in MiB.

    ``stall`` is the longest one, ``gap`` the longest time between two heartbeats by the clock alone.
    ``processor`` is the CPU time of the whole process, all threads together. ``lost`` is the part of ``wall``
    in which the loop was late and this process did not run, because the machine was busy.
    """

    stall: float
    gap: float
    processor: float
    wall: float
    lost: float
    memory: float
    outcome: str

    def exceeded_limits(self, deadline_seconds: float) -> list[str]:
        """The exceeded limits, each with the measured value; empty if there is none."""
        limits = (
            ("stall", self.stall, MOST_STALL_SECONDS),
            ("processor", self.processor, MOST_PROCESSOR_SECONDS),
            ("wall", self.wall - self.lost, deadline_seconds + MOST_OVERTIME_SECONDS),
            ("memory", self.memory, MOST_MEMORY_MEGABYTES),
        )
        return [
            f"{what} is {measured:.2f}, at most {limit:g} is allowed"
            for what, measured, limit in limits
            if measured > limit
        ]


@dataclass(slots=True)
class Heart:
    """The longest stall and gap so far, and the time lost to other processes, in seconds."""

    stall: float = 0.0
    gap: float = 0.0
    lost: float = 0.0

    async def beat(self) -> None:
        while True:
            wall, processor = time.perf_counter(), time.process_time()
            await asyncio.sleep(BEAT_SECONDS)
            gap = time.perf_counter() - wall - BEAT_SECONDS
            self.gap = max(self.gap, gap)
            used = time.process_time() - processor
            self.stall = max(self.stall, min(gap, used))
            self.lost += max(0.0, gap - used)


def cost_of(mode: Mode, target: Target) -> Cost:
    """One measured visit, then nine more at once to measure memory."""
    return uvloop.run(_cost_of(mode, target))


def warm_up() -> None:
    """Two visits to an honest web server: they load what every visit loads once."""
    uvloop.run(_warm_up())


async def _warm_up() -> None:
    async def honest(connection: Connection) -> None:
        if await connection.receive():
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with stream(honest, tls_context)("127.0.0.1") as ports:
        labels = {"http": "yes"}
        target = Target(host="127.0.0.1", port=ports.tls, server_name=SERVER_NAME, labels=labels)
        for _ in range(2):
            observation = await Engine(_SETTINGS, SystemClock()).visit(
                Endpoint(target=target, address=target.host)
            )
            assert observation.state is State.TLS


async def _cost_of(mode: Mode, target: Target) -> Cost:
    settings = replace(_SETTINGS, deadline_seconds=mode.deadline_seconds, parts=mode.parts)
    engine = Engine(settings, SystemClock())
    again = Engine(replace(settings, deadline_seconds=REPEATED_SECONDS), SystemClock())
    await engine.visit(Endpoint(target=NOBODY, address=NOBODY.host))
    memory = resident_megabytes()
    async with heartbeat() as heart:
        wall, processor = time.perf_counter(), time.process_time()
        outcome = _outcome(await engine.visit(Endpoint(target=target, address=target.host)))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    others = (again.visit(Endpoint(target=target, address=target.host)) for _ in range(VISITS - 1))
    await asyncio.gather(*others)
    return Cost(
        stall=heart.stall,
        gap=heart.gap,
        processor=processor,
        wall=wall,
        lost=heart.lost,
        memory=resident_megabytes() - memory,
        outcome=outcome,
    )


def _outcome(observation: Observation) -> str:
    return f"{observation.state.value} {observation.reason or ''}"


@asynccontextmanager
async def heartbeat() -> AsyncIterator[Heart]:
    """Heartbeats in the running loop while the context lasts."""
    heart = Heart()
    beating = asyncio.create_task(heart.beat())
    await asyncio.sleep(0)
    try:
        yield heart
        # A stall in the visit's last step ends with the next heartbeat.
        await asyncio.sleep(2 * BEAT_SECONDS)
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


def resident_megabytes() -> float:
    """The process's memory in MiB after all releasable memory was released."""
    gc.collect()
    if name := ctypes.util.find_library("c"):
        trim = getattr(ctypes.CDLL(name), "malloc_trim", None)
        if trim is not None:
            trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


NOBODY: Final = Target(host="127.66.255.254", port=1, server_name=None)
"""A refused visit: it loads what every visit needs."""
