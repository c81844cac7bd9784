"""What does a scrape of ten thousand endpoints cost, compared with blackbox_exporter for their expiry alone?

``python -m benchmarks.scrape`` visits an nginx once, derives ten thousand endpoints from the facts, each with its own
name and certificate, and serves their page in the same way as the service, in a process of its own. The page is
first built, which the service does before any scrape. Then it is scraped repeatedly: without changes, and with
one percent of the endpoints visited in between. Finally blackbox_exporter is scraped once for each endpoint at the
same nginx, as Prometheus would do.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette

from benchmarks.support.nginx import running_nginx
from benchmarks.support.results import Figure, save
from exporters.prometheus import MetricOptions, PageWriter
from exporters.prometheus.options import Detail
from model.clock import SystemClock
from model.observation import Observation
from model.snapshot import EndpointStatus, Snapshot
from model.target import Endpoint, Target
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.http.app import inventory_route
from service.http.guard.waiting import ConnectionLimits
from service.http.server import listen, serve_http, url_of
from service.inventory.metrics_page import InventoryPage
from tests.zoo.process import Command, running

_REPEATS: Final = 10
_AT_ONCE: Final = 32
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_GZIP: Final = 16 + zlib.MAX_WBITS
_LIMITS: Final = {"seconds": 2.0, "megabytes": 60.0}
_CONNECTIONS: Final = ConnectionLimits(connections=256, per_caller=256, requests_per_second=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """One scrape: seconds until the last byte, CPU seconds, and the bytes of text and of the response."""

    seconds: float
    processor: float
    text: int
    sent: int
    samples: int


class Fleet:
    """Endpoints with the same facts, except for names and certificates."""

    def __init__(self, seen: Observation, count: int) -> None:
        self._statuses = [_status(seen, number) for number in range(count)]

    def snapshot(self) -> Snapshot:
        """The snapshot that the inventory would return."""
        return Snapshot(taken_at=datetime.now(UTC), endpoints=tuple(self._statuses))

    def visit_some(self) -> None:
        """Visits one percent of the endpoints, at another time."""
        for number in range(0, len(self._statuses), 100):
            before = self._statuses[number]
            self._statuses[number] = replace(before, last_probe_at=datetime.now(UTC))


def main() -> None:
    """Prints the figures, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--detail", type=Detail, choices=list(Detail), default=Detail.STANDARD)
    wanted = parser.parse_args()
    with running_nginx() as port:
        seen = asyncio.run(_visit(port))
        asyncio.run(_our_own(Fleet(seen, wanted.endpoints), wanted.detail))
        _theirs(port, wanted.endpoints)


async def _visit(port: int) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name="localhost")
    engine = Engine(ProbeSettings(), SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


def _status(seen: Observation, number: int) -> EndpointStatus:
    target = Target(
        host=f"host{number:05}.example.com",
        port=443,
        server_name=f"host{number:05}.example.com",
        labels={"team": f"team{number % 20}", "env": "production"},
        source="file:targets.yml",
    )
    own = hashlib.sha256(str(number).encode()).hexdigest()
    certificates = tuple(
        replace(one, chain=(replace(one.leaf, sha256=own), *one.chain[1:]))
        for one in seen.certificates
    )
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    observed = replace(
        seen, endpoint=Endpoint(target=target, address=address), certificates=certificates
    )
    return EndpointStatus(
        observation=observed,
        last_probe_at=datetime.now(UTC),
        last_success_at=datetime.now(UTC),
        consecutive_failures=0,
        interval_seconds=3600.0,
    )


async def _our_own(fleet: Fleet, detail: Detail) -> None:
    page = InventoryPage(
        fleet.snapshot,
        PageWriter(MetricOptions(detail=detail)),
        SystemClock(),
        lambda _: None,
    )
    listener = listen("127.0.0.1:0")
    stop = asyncio.Event()
    app = Starlette(routes=[inventory_route(page)])
    async with asyncio.TaskGroup() as group:
        group.create_task(serve_http(app, listener, _CONNECTIONS, stop))
        url = f"{url_of(listener)}/metrics/endpoints"
        before = _resident_megabytes()
        first = await _scrape(url)
        again = [await _scrape(url) for _ in range(_REPEATS)]
        changed = []
        for _ in range(_REPEATS):
            fleet.visit_some()
            changed.append(await _scrape(url))
        grown = _resident_megabytes() - before
        stop.set()
    endpoints = len(fleet.snapshot().endpoints)
    print(f"tlsprobe, {endpoints} endpoints at detail {detail.value}")
    print(f"  series            {first.samples:>10} ({first.samples / endpoints:.0f} per endpoint)")
    limit = f"(limit {_LIMITS['megabytes']:g} MB)"
    print(f"  text              {first.text / 1e6:>10.1f} MB {limit}")
    print(f"  sent, compressed  {first.sent / 1e6:>10.1f} MB")
    limit = f"(limit {_LIMITS['seconds']:g} s)"
    used = f"{first.processor:.2f} s CPU, before any scrape"
    print(f"  first build        {first.seconds:>10.2f} s, of which {used}")
    for name, scrapes in (("unchanged", again), ("1 % changed", changed)):
        middle = sorted(scrapes, key=lambda one: one.seconds)[len(scrapes) // 2]
        used = f"of which {middle.processor:.2f} s CPU"
        print(f"  {name:<17} {middle.seconds:>10.2f} s {limit}, {used}")
    print(f"  memory            {grown:>10.0f} MB more after {2 * _REPEATS + 1} scrapes")
    print("  connections       0: a scrape never probes")
    of_fleet = f"{endpoints} endpoints"
    figures = {
        f"{of_fleet}: {name}": Figure(runs=tuple(one.processor for one in scrapes), unit="s")
        for name, scrapes in (("first", [first]), ("unchanged", again), ("1 % changed", changed))
    }
    figures[f"{of_fleet}: memory"] = Figure(runs=(grown,), unit="MB")
    save("scrape", figures)


async def _scrape(url: str) -> Scrape:
    """Without decompression, which is the scraper's own work."""
    began, cpu = time.perf_counter(), time.process_time()
    async with (
        httpx.AsyncClient(timeout=120) as client,
        client.stream("GET", url, headers={"accept-encoding": "gzip"}) as answer,
    ):
        sent = b"".join([piece async for piece in answer.aiter_raw()])
    took, used = time.perf_counter() - began, time.process_time() - cpu
    text = zlib.decompress(sent, _GZIP)
    samples = sum(not line.startswith(b"#") for line in text.splitlines())
    return Scrape(seconds=took, processor=used, text=len(text), sent=len(sent), samples=samples)


def _theirs(port: int, count: int) -> None:
    with running_blackbox() as (url, pid):
        began, cpu = time.perf_counter(), _processor_seconds(pid)
        text = asyncio.run(_scrape_each(f"{url}/probe", port, count))
        took, used = time.perf_counter() - began, _processor_seconds(pid) - cpu
    print(f"blackbox_exporter, {count} endpoints, {_AT_ONCE} scrapes at once")
    print(f"  text              {text / 1e6:>10.1f} MB")
    print(f"  all scrapes       {took:>10.1f} s, of which {used:.1f} s CPU")
    print(f"  connections       {count:>10}")


async def _scrape_each(url: str, port: int, count: int) -> int:
    """The total bytes of all answers."""
    places = asyncio.Semaphore(_AT_ONCE)
    parameters = {"target": f"127.0.0.1:{port}", "module": "tls"}
    async with httpx.AsyncClient(timeout=60) as client:

        async def one() -> int:
            async with places:
                answer = await client.get(url, params=parameters)
                if "probe_ssl_earliest_cert_expiry " not in answer.text:
                    raise RuntimeError(
                        f"blackbox_exporter returned no expiry: {answer.text[-300:]}"
                    )
                return len(answer.content)

        return sum(await asyncio.gather(*(one() for _ in range(count))))


@contextmanager
def running_blackbox() -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "blackbox.yml"
        config.write_text(
            "modules: {tls: {prober: tcp, tcp: {tls: true, tls_config: "
            "{insecure_skip_verify: true}}}}\n"
        )
        # The shell prints its own process id, which becomes the exporter's by exec.
        script = (
            'echo "pid=$$"; exec prometheus-blackbox-exporter '
            f"--config.file={config} --web.listen-address=127.0.0.1:0"
        )
        command = Command(
            arguments=["sh", "-c", script],
            ready=r'msg="Listening on" address=(\S+)',
        )
        with running(command, Path(name)) as ready:
            log = (Path(name) / "server.log").read_text()
            pid = re.search(r"^pid=(\d+)$", log, re.MULTILINE)
            if pid is None:
                sys.exit("blackbox_exporter did not print its process id")
            yield f"http://{ready[1]}", int(pid[1])


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
