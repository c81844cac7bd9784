"""What does a probe on demand cost, compared with blackbox_exporter?

``python -m benchmarks.on_demand`` starts an nginx on fifty addresses, blackbox_exporter, and ``tlsprobe serve``, which
visits all addresses once. Then each round scrapes ``/probe`` for all of them at once: blackbox_exporter and tlsprobe
for the certificate, with a module that means the same in both, and tlsprobe for versions and certificates. They
take turns, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from benchmarks.scrape import running_blackbox
from benchmarks.service import TLSPROBE, free_port
from benchmarks.support.nginx import loopback_addresses, running_nginx
from benchmarks.support.process_use import cpu_seconds
from benchmarks.support.results import Figure, save

_START_SECONDS: Final = 120.0
_CONFIGURATION: Final = """\
listen: 127.0.0.1:{port}
database: sqlite:///{directory}/tlsprobe.db
targets_files: [{directory}/targets.csv]
interval_seconds: 86400
enumerate_interval_seconds: 31536000
log_level: error
on_demand:
  max_concurrent_probes: 50
  modules:
    default: {{expect: {{trusted: false}}}}
    tls: {{prober: tcp, tcp: {{tls: true, tls_config: {{insecure_skip_verify: true}}}}}}
http:
  requests_per_second: 100000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """A process with ``/probe``, what to ask it for, and a series that each answer must have."""

    url: str
    pid: int
    module: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The seconds until the last of the answers, and the processor time that they took."""

    wall: float
    processor: float


def main() -> None:
    """Prints the medians of the rounds, and their ratios to blackbox_exporter's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=50, help="at most 254")
    parser.add_argument("--rounds", type=int, default=9)
    wanted = parser.parse_args()
    with (
        running_nginx(wanted.targets) as port,
        running_blackbox() as (blackbox, blackbox_pid),
        _service([f"{address}:{port}" for address in loopback_addresses(wanted.targets)]) as ours,
    ):
        url, pid = ours
        expiry, version = "probe_ssl_earliest_cert_expiry ", "tlsprobe_protocol_supported{"
        probers = {
            "blackbox_exporter, certificate": Prober(
                url=blackbox, pid=blackbox_pid, module="tls", proof=expiry
            ),
            "tlsprobe, certificate": Prober(url=url, pid=pid, module="tls", proof=expiry),
            "tlsprobe, versions and certificates": Prober(
                url=url, pid=pid, module="default", proof=version
            ),
        }
        _report(asyncio.run(_measure(probers, wanted.targets, port, wanted.rounds)), wanted.targets)


def _report(found: Mapping[str, list[Round]], targets: int) -> None:
    first = next(iter(found.values()))
    figures = {}
    print(f"{targets} targets at once, medians of {len(first)} rounds")
    for name, rounds in found.items():
        walls = tuple(one.wall for one in rounds)
        each = tuple(1000 * one.processor / targets for one in rounds)
        wall_ratio = median(walls) / median(one.wall for one in first)
        ratio = median(each) / median(1000 * one.processor / targets for one in first)
        print(
            f"{name:<36} {median(walls):7.3f} s ({wall_ratio:.1f} x)"
            f" {median(each):7.2f} ms CPU each ({ratio:.1f} x)"
        )
        figures[f"{targets} targets: {name}, wall time"] = Figure(runs=walls, unit="s")
        figures[f"{targets} targets: {name}, processor time of a target"] = Figure(
            runs=each, unit="ms"
        )
    save("on-demand", figures)


async def _measure(
    probers: Mapping[str, Prober], targets: int, port: int, rounds: int
) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {name: [] for name in probers}
    limits = httpx.Limits(max_connections=targets)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        for number in range(rounds + 1):
            for name, prober in probers.items():
                one = await _round(client, prober, targets, port)
                if number:  # the first round of each warms it up
                    found[name].append(one)
    return found


async def _round(client: httpx.AsyncClient, prober: Prober, targets: int, port: int) -> Round:
    began, cpu = time.perf_counter(), cpu_seconds(prober.pid)
    answers = await asyncio.gather(
        *(
            client.get(
                f"{prober.url}/probe",
                params={"module": prober.module, "target": f"{address}:{port}"},
            )
            for address in loopback_addresses(targets)
        )
    )
    for answer in answers:
        if prober.proof not in answer.text:
            raise RuntimeError(f"{prober.url} did not return {prober.proof}: {answer.text[-300:]}")
    return Round(wall=time.perf_counter() - began, processor=cpu_seconds(prober.pid) - cpu)


@contextmanager
def _service(places: list[str]) -> Iterator[tuple[str, int]]:
    """``tlsprobe serve``, once it has visited all ``places``: its URL and process."""
    with tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as name:
        directory, port = Path(name), free_port()
        (directory / "targets.csv").write_text("\n".join(("target", *places)) + "\n")
        config = directory / "tlsprobe.yml"
        config.write_text(_CONFIGURATION.format(port=port, directory=directory))
        service = subprocess.Popen([TLSPROBE, "serve", "--config", config])
        try:
            _wait_for_visits(f"http://127.0.0.1:{port}/metrics", len(places))
            yield f"http://127.0.0.1:{port}", service.pid
        finally:
            service.terminate()
            service.wait()


def _wait_for_visits(url: str, count: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            page = httpx.get(url, timeout=30).text
        except httpx.TransportError:
            page = ""
        done = re.findall(r"^tlsprobe_probes_total\{.*\} (\S+)$", page, re.MULTILINE)
        if sum(map(float, done)) >= count:
            return
        time.sleep(0.5)
    raise RuntimeError(f"the service did not visit {count} endpoints in {_START_SECONDS:g} s")


if __name__ == "__main__":
    main()
