"""Measures a fleet: many endpoints in one running process, compared with one run of each peer over all of them.

tlsprobe is timed inside its process, as in the service; the peers include their startup, because they have no
server mode. All check versions, suites and preference; only tlsprobe also checks chains.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import uvloop
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.support.measure import running_proxy
from benchmarks.support.nginx import SERVER_NAME, TRUTH, loopback_addresses, running_nginx
from benchmarks.support.results import Figure, save
from benchmarks.support.scanners import read_nmap
from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings

_PARTS: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES})
_RATE_PER_SECOND: Final = 100_000
"""The peers have no rate limit, so tlsprobe gets a limit that it never reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The resources that one program used for the whole fleet."""

    wall_seconds: float
    cpu_seconds: float
    right: int
    """Endpoints with exactly the suites that the server has."""


def main() -> None:
    options = _parse()
    console = Console(width=100)
    programs: dict[str, Callable[[int, int], Outcome]] = {"tlsprobe": _ours, "nmap": _nmap}
    if shutil.which("sslyze"):
        programs["sslyze"] = _sslyze
    count, figures = options.endpoints, dict[str, Figure]()
    with running_nginx(count) as server_port:
        for milliseconds in options.round_trips:
            if milliseconds == 0:
                outcomes = {name: run(server_port, count) for name, run in programs.items()}
            else:
                with running_proxy(server_port, milliseconds / 1000, count) as proxy:
                    outcomes = {name: run(proxy.port, count) for name, run in programs.items()}
            console.print(_table(outcomes, count, milliseconds))
            figures.update(_figures(outcomes, count, milliseconds))
    save("fleet", figures)


def _figures(
    outcomes: Mapping[str, Outcome], count: int, milliseconds: float
) -> Iterator[tuple[str, Figure]]:
    for name, outcome in outcomes.items():
        of_it = f"{name}, {count} endpoints, {milliseconds:g} ms"
        yield f"{of_it}: wall time", Figure(runs=(outcome.wall_seconds,), unit="s")
        each = 1000 * outcome.cpu_seconds / count
        yield f"{of_it}: processor time of an endpoint", Figure(runs=(each,), unit="ms")


def _table(outcomes: Mapping[str, Outcome], count: int, milliseconds: float) -> Table:
    made = Table(
        title=f"{count} endpoints, round trip {milliseconds:g} ms",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for column in ("program", "wall s", "endpoints/s", "tlsprobe is", "CPU ms each", "right"):
        made.add_column(column, justify="left" if column == "program" else "right")
    ours: Outcome | None = None
    for name, outcome in outcomes.items():
        ours = ours or outcome
        made.add_row(
            name,
            f"{outcome.wall_seconds:.2f}",
            f"{count / outcome.wall_seconds:.1f}",
            f"{outcome.wall_seconds / ours.wall_seconds:.1f} x",
            f"{1000 * outcome.cpu_seconds / count:.1f}",
            f"{outcome.right}/{count}",
        )
    return made


def _ours(port: int, count: int) -> Outcome:
    return uvloop.run(_visit_all(port, count))


async def _visit_all(port: int, count: int) -> Outcome:
    settings = ProbeSettings(
        connections_open=1024, connections_per_second=_RATE_PER_SECOND, parts=_PARTS
    )
    engine = Engine(settings, SystemClock())
    endpoints = [
        Endpoint(target=Target(host=address, port=port, server_name=SERVER_NAME), address=address)
        for address in loopback_addresses(count)
    ]
    # A running process has loaded its trust store and built its contexts.
    await engine.visit(endpoints[0])
    cpu_before, began = _cpu_seconds(), time.perf_counter()
    observations = await asyncio.gather(*(engine.visit(endpoint) for endpoint in endpoints))
    return Outcome(
        wall_seconds=time.perf_counter() - began,
        cpu_seconds=_cpu_seconds() - cpu_before,
        right=sum(_suites(observation) == TRUTH for observation in observations),
    )


def _suites(observation: Observation) -> frozenset[tuple[str, str]]:
    return frozenset(
        (version.label, name)
        for version, found in observation.cipher_suites.items()
        for name in found.accepted
    )


def _nmap(port: int, count: int) -> Outcome:
    command = ["nmap", "-Pn", "-n", "--script", "ssl-enum-ciphers", "-p", str(port)]
    printed, outcome = _timed([*command, f"127.0.0.1-{count}"])
    blocks = printed.split("Nmap scan report for ")[1:]
    right = sum(read_nmap(block) == TRUTH for block in blocks)
    return Outcome(wall_seconds=outcome[0], cpu_seconds=outcome[1], right=right)


def _sslyze(port: int, count: int) -> Outcome:
    questions = ("--tlsv1_3", "--tlsv1_2", "--tlsv1_1", "--tlsv1", "--sslv3", "--sslv2")
    places = [f"{address}:{port}" for address in loopback_addresses(count)]
    printed, outcome = _timed(["sslyze", *questions, "--certinfo", *places])
    right = printed.count("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
    return Outcome(wall_seconds=outcome[0], cpu_seconds=outcome[1], right=right)


def _timed(command: list[str]) -> tuple[str, tuple[float, float]]:
    """The output, the wall time and the CPU time, in seconds."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return done.stdout, (wall, cpu)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=50, help="at most 254")
    parser.add_argument(
        "--round-trips", type=float, nargs="+", default=[0, 20], help="in milliseconds"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
