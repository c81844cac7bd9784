"""How quickly does the service answer its pages for a large fleet, and how much does it send?

``python -m benchmarks.pages --endpoints 10000`` stores endpoints that were visited before, each with its own name and
certificates, and a change of each. It starts ``tlsprobe serve`` on one core. On the other one, 20 clients ask for each page at
once, again and again, without a pause; no two of them search for the same words. Then Chromium opens the pages with an empty
cache, over a slow connection and on a slow processor. Limits apply to the default number of endpoints; with
more of them, only searches have one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote, urlsplit

import httpx
import psycopg

from benchmarks.million.seed import PROFILE, Fleet, endpoint, fill, first_visit, write_targets
from benchmarks.service import TLSPROBE, free_port
from benchmarks.support.nginx import loopback_addresses, running_nginx
from benchmarks.support.process_use import cpu_seconds, resident_bytes
from benchmarks.support.results import EXACT, Figure, save
from tests.exporters.reports.browser import Browser, browser
from tests.support.postgresql import postgres_server

_USUAL: Final = 10_000
_CLIENTS: Final = 20
_DAY_SECONDS: Final = 86_400.0
_START_SECONDS: Final = 120.0
_LEAST_PATIENCE: Final = 60.0
_LIMIT_MS: Final = {False: 150.0, True: 300.0}
"""Of a page of the usual fleet, and of a search of a larger one."""

_LIMIT_KB: Final = 60.0
_LIMIT_PAINT_MS: Final = 1000.0
_CONFIGURATION: Final = """\
listen: 127.0.0.1:{port}
database: {url}
targets_files: [{directory}/targets.csv]
interval_seconds: 86400
enumerate_interval_seconds: 31536000
policies: [{profile}]
log_level: error
http:
  requests_per_second: 100000
"""
_CHANGES: Final = """
INSERT INTO changes (endpoint_id, at, fact, kind, before, after, sentence)
SELECT id, now() - id * interval '1 minute', 'alpn', 'changed', '"h2"', '"http/1.1"', '"h2 vanished"' FROM endpoints
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of one page: how long each answer took in milliseconds, how many bytes the longest had, and the server's CPU time."""

    milliseconds: tuple[float, ...]
    sent: int
    cpu_milliseconds: float

    def at_most(self, share: float) -> float:
        """The time that this share of the answers took at most."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _pages(endpoints: int, place: str) -> Mapping[str, Callable[[int], str]]:
    """The path of the n-th request for each page; ``place`` is the query that names one endpoint."""

    def fixed(path: str) -> Callable[[int], str]:
        return lambda _: path

    def word(number: int) -> str:
        """A word that ten of the names have."""
        return f"n{number * 37 % endpoints:07}"[:-1]

    return {
        "overview": fixed("/"),
        "endpoints": fixed("/endpoints"),
        "endpoints, sorted": fixed("/endpoints?sort=-name&page=7"),
        "search of endpoints": lambda number: f"/endpoints?q={word(number)}",
        "endpoint": fixed(f"/endpoint?{place}"),
        "evidence": fixed(f"/evidence?{place}&fact=protocols.TLSv1.2"),
        "findings": fixed("/findings"),
        "findings by endpoint": fixed("/findings?by=endpoint"),
        "search of findings": lambda number: f"/findings?by=endpoint&q={word(number)}",
        "certificates": fixed("/certificates"),
        "search of certificates": lambda number: f"/certificates?q={word(number)}",
        "changes": fixed("/changes"),
        "changes of an endpoint": lambda number: f"/changes?place=127.0.0.{number % 200 + 1}",
        "policies": fixed("/policies"),
        "service": fixed("/service"),
        "waivers": fixed("/waivers"),
        "probe a host": fixed("/probes"),
    }


def main() -> None:
    """Prints a line per page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=_USUAL)
    parser.add_argument("--rounds", type=int, default=5, help="requests of each client for a page")
    parser.add_argument("--only", default="", help="only pages whose names contain this text")
    wanted = parser.parse_args()
    os.sched_setaffinity(0, {1})
    addresses = loopback_addresses(min(wanted.endpoints, 200))
    with (
        tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as name,
        postgres_server() as server,
        server.database() as url,
    ):
        directory = Path(name)
        port = _fill(wanted.endpoints, addresses, directory, url)
        # The only one whose evidence is about its own certificates.
        one = endpoint(0, addresses, port)
        place = f"target={quote(one.target.key, safe='')}&address={one.address}"
        pages = {
            name: path
            for name, path in _pages(wanted.endpoints, place).items()
            if wanted.only in name
        }
        with _serving(wanted.endpoints, directory, url) as (service, base):
            found = asyncio.run(_measure(base, service.pid, pages, wanted.rounds))
            paints = _paints(directory, base, {name: path(0) for name, path in pages.items()})
            _report(wanted.endpoints, found, paints, resident_bytes(service.pid))


def _fill(count: int, addresses: list[str], directory: Path, url: str) -> int:
    """Store the endpoints and their changes; returns their port, where nothing listens any more."""
    began = time.monotonic()
    with running_nginx(len(addresses)) as port:
        seen = asyncio.run(first_visit(addresses, port))
    write_targets(directory / "targets.csv", count, addresses, port)
    asyncio.run(
        fill(
            url,
            seen,
            Fleet(count=count, addresses=addresses, own_leaves=True),
            starts_after=timedelta(days=1),
            interval_seconds=_DAY_SECONDS,
        )
    )
    with psycopg.connect(url) as connection:
        connection.execute(_CHANGES)
    print(f"{count} endpoints stored in {time.monotonic() - began:.0f} s", flush=True)
    return port


@contextmanager
def _serving(
    count: int, directory: Path, url: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The service on the first core, and its URL, once its pages show all endpoints."""
    port = free_port()
    config = directory / "tlsprobe.yml"
    config.write_text(
        _CONFIGURATION.format(port=port, url=url, directory=directory, profile=PROFILE)
    )
    began = time.monotonic()
    service = subprocess.Popen(["taskset", "-c", "0", TLSPROBE, "serve", "--config", config])
    try:
        base = f"http://127.0.0.1:{port}"
        while not _shows(base, count):
            if service.poll() is not None:
                raise RuntimeError(f"the service ended with {service.returncode}")
            if time.monotonic() - began > max(_START_SECONDS, count / 200):
                raise RuntimeError("the service does not show its endpoints")
            time.sleep(0.5)
        print(
            f"the service shows them {time.monotonic() - began:.0f} s after its start", flush=True
        )
        _wait_for_metrics(base)
        yield service, base
    finally:
        service.terminate()
        service.wait()


def _shows(base: str, count: int) -> bool:
    try:
        return (
            f"{count} of {count} endpoints"
            in httpx.get(f"{base}/endpoints", timeout=_LEAST_PATIENCE).text
        )
    except httpx.TransportError:
        return False


def _wait_for_metrics(base: str) -> None:
    """While the service writes its first page of metrics, other pages are slower."""
    with httpx.stream("GET", f"{base}/metrics/endpoints", timeout=_LEAST_PATIENCE) as answer:
        for _ in answer.iter_raw():
            pass


async def _measure(
    base: str, pid: int, pages: Mapping[str, Callable[[int], str]], rounds: int
) -> dict[str, Answers]:
    found = {}
    for name, path in pages.items():
        await _ask(base, path(0))
        cpu_before = cpu_seconds(pid)
        clients = (_client(base, path, client, rounds) for client in range(_CLIENTS))
        answers = [one for asked in await asyncio.gather(*clients) for one in asked]
        used = cpu_seconds(pid) - cpu_before
        found[name] = Answers(
            milliseconds=tuple(1000 * seconds for seconds, _ in answers),
            sent=max(sent for _, sent in answers),
            cpu_milliseconds=1000 * used / len(answers),
        )
    return found


async def _client(
    base: str, path: Callable[[int], str], client: int, rounds: int
) -> list[tuple[float, int]]:
    return [await _ask(base, path(client + number * _CLIENTS)) for number in range(rounds)]


async def _ask(base: str, path: str) -> tuple[float, int]:
    """The seconds until the last byte of the answer, and its bytes as they were sent.

    A client library would take longer than the server, on the core that the clients share.
    """
    place = urlsplit(base)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept-Encoding: gzip\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(-1), _LEAST_PATIENCE)
    finally:
        writer.close()
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"{path}: {answer[-300:]!r}")
    return time.perf_counter() - began, len(answer)


def _paints(directory: Path, base: str, paths: Mapping[str, str]) -> dict[str, float]:
    """The milliseconds until the first content of each page is visible, in a slow browser that has no files yet."""
    with browser(directory / "chromium") as chromium:
        chromium.slow_down()
        # The first page would also pay for the start of the browser's process.
        _paint(chromium, f"{base}/reports")
        return {name: _paint(chromium, base + path) for name, path in paths.items()}


def _paint(chromium: Browser, url: str) -> float:
    chromium.forget_files()
    chromium.visit(url)
    return float(
        chromium.value_of(
            """new Promise((done) => new PerformanceObserver((list) =>
              list.getEntriesByName("first-contentful-paint").forEach((one) => done(one.startTime))
            ).observe({ type: "paint", buffered: true }))"""
        )
    )


def _report(
    endpoints: int, found: Mapping[str, Answers], paints: Mapping[str, float], resident: int
) -> None:
    print(f"{endpoints} endpoints, {_CLIENTS} clients at once, {resident / 1e6:.0f} MB")
    print(f"{'page':<24} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8} {'kB':>7} {'paint ms':>9}")
    figures = {}
    for name, one in found.items():
        slowest = one.at_most(0.95)
        print(
            f"{name:<24} {median(one.milliseconds):>8.1f} {slowest:>8.1f} {one.cpu_milliseconds:>8.1f}"
            f" {one.sent / 1000:>7.1f} {paints[name]:>9.0f}  {_missed(endpoints, name, one, paints[name])}"
        )
        of = f"{endpoints} endpoints: {name}"
        figures[f"{of}, p95"] = Figure(runs=(slowest,), unit="ms")
        figures[f"{of}, processor time"] = Figure(runs=(one.cpu_milliseconds,), unit="ms")
        figures[f"{of}, sent"] = Figure(runs=(one.sent / 1000,), unit="kB", least_noise=EXACT)
        figures[f"{of}, first paint"] = Figure(runs=(paints[name],), unit="ms")
    save("pages", figures)


def _missed(endpoints: int, name: str, answers: Answers, paint: float) -> str:
    """The limits that the page does not meet."""
    is_large = endpoints > _USUAL
    if is_large and not name.startswith("search"):
        return ""
    limits = {
        f"{_LIMIT_MS[is_large]:g} ms": answers.at_most(0.95) > _LIMIT_MS[is_large],
        f"{_LIMIT_KB:g} kB": answers.sent > 1000 * _LIMIT_KB,
        f"{_LIMIT_PAINT_MS:g} ms to the first paint": paint > _LIMIT_PAINT_MS,
    }
    missed = [limit for limit, is_missed in limits.items() if is_missed]
    return f"over {' and '.join(missed)}" if missed else ""


if __name__ == "__main__":
    main()
