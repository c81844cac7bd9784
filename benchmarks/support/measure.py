"""Runs one scan in a process of its own and measures its time, its CPU and its connections.

CPU is the user and system time in seconds that the kernel charged to the process and its waited-for children
(wait4(2)). The proxy that the scan goes through counts the connections.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from benchmarks.support.nginx import TRUTH
from benchmarks.support.scanners import Scanner

# A longer scan is stuck; the slowest one takes a tenth of this at 80 ms.
_SCAN_LIMIT_SECONDS: Final = 300.0


class ScanFailedError(Exception):
    """A scan ended without readable output; the message has the scanner and its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A running ``benchmarks.support.proxy``."""

    port: int
    process: subprocess.Popen[str]

    def totals(self) -> tuple[int, float]:
        """Connections and CPU seconds since the start, once no connection is open."""
        asked, answers = self.process.stdin, self.process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the proxy was started without pipes")
        asked.write("\n")
        asked.flush()
        said = json.loads(answers.readline())
        return said["connections"], said["cpu_seconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The resources that one scan used."""

    wall_seconds: float
    cpu_seconds: float
    connections: int
    suites_right: int
    suites_wrong: int
    proxy_busy: float
    """The proxy's CPU time as a fraction of the scan's wall time: near 1, the proxy was the bottleneck."""


@contextmanager
def running_proxy(
    upstream_port: int, round_trip_seconds: float, addresses: int = 1
) -> Iterator[Proxy]:
    """A proxy in a process of its own, in front of ``upstream_port``; stopped at the end."""
    command = [sys.executable, "-m", "benchmarks.support.proxy"]
    command += [str(upstream_port), str(round_trip_seconds), "--addresses", str(addresses)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None:
            raise RuntimeError("the proxy was started without pipes")
        yield Proxy(port=json.loads(process.stdout.readline())["port"], process=process)


def measure(scanner: Scanner, proxy: Proxy) -> Run:
    """Scan once through ``proxy``; raises ScanFailedError if the output cannot be read."""
    connections_before, proxy_cpu_before = proxy.totals()
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as complaint:
        started = time.perf_counter()
        process = subprocess.Popen(
            scanner.command(proxy.port), stdin=subprocess.DEVNULL, stdout=printed, stderr=complaint
        )
        cpu_seconds = _wait(process)
        wall_seconds = time.perf_counter() - started
        answer, complained = _text(printed), _text(complaint)
    connections, proxy_cpu = proxy.totals()
    try:
        found = scanner.read(answer)
    except (ValueError, LookupError, TypeError) as error:
        said = complained.strip() or answer.strip() or "nothing"
        raise ScanFailedError(
            f"{scanner.name} (exit status {process.returncode}) printed: {said[-500:]}"
        ) from error
    return Run(
        wall_seconds=wall_seconds,
        cpu_seconds=cpu_seconds,
        connections=connections - connections_before,
        suites_right=len(found & TRUTH),
        suites_wrong=len(found - TRUTH),
        proxy_busy=(proxy_cpu - proxy_cpu_before) / wall_seconds,
    )


def _wait(process: subprocess.Popen[bytes]) -> float:
    limit = threading.Timer(_SCAN_LIMIT_SECONDS, process.kill)
    limit.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    finally:
        limit.cancel()
    # Popen did not see its child exit; without this it would wait for a process that no longer exists.
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
