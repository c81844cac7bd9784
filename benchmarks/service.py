"""What does the running service cost: ten thousand endpoints, verified repeatedly on one core?

``python -m benchmarks.service`` starts nginx on one core and ``tlsprobe serve`` on another. The service enumerates
every endpoint once, and then verifies all of them for ``--rounds`` rounds. An hour is compressed into ``--interval``
seconds. Results: the fraction of a core that the same visits use in a real hour, the memory after the first and
the last round, and the number of visits that started within a twentieth of the interval after they were due.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.support.process_use import cpu_seconds, resident_bytes
from benchmarks.support.results import Figure, save
from tests.zoo.certificates import make_certificates
from tests.zoo.process import Command, running

TLSPROBE = Path(sys.executable).with_name("tlsprobe")
HOUR = 3600.0
_PUNCTUAL = 0.05
_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {chain};
        ssl_certificate_key {key};
    }}
}}
"""
_CONFIGURATION = """\
listen: 127.0.0.1:{port}
database: sqlite:///{directory}/tlsprobe.db
targets_files: [{directory}/targets.csv]
interval_seconds: {interval}
enumerate_interval_seconds: 31536000
log_level: error
probe:
  connections_per_address: 128
  connections_per_network: 1024
  connections_per_address_per_second: 100000
  connections_per_second: 100000
  checks: [{checks}]
"""
_CORE_CHECKS = "versions, suites, groups, certificates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The state of the process at one point in time.

    ``cpu`` is in seconds, ``rss`` in bytes; ``began`` counts the visits so far, ``punctual`` those that started on time.
    """

    cpu: float
    rss: int
    visits: float
    began: float
    punctual: float


def main() -> None:
    """Prints the figures, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--interval", type=float, default=200.0)
    parser.add_argument("--checks", default=_CORE_CHECKS, help="the checks of the enumeration")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, _fleet(Path(name)) as fleet:
        directory = Path(name)
        with (directory / "targets.csv").open("w") as file:
            file.write("target,server_name\n")
            file.writelines(f"127.0.0.1:{fleet},h{n}.test\n" for n in range(wanted.endpoints))
        _measure(wanted, directory)


def _measure(wanted: argparse.Namespace, directory: Path) -> None:
    port = free_port()
    config = directory / "tlsprobe.yml"
    config.write_text(
        _CONFIGURATION.format(
            port=port, directory=directory, interval=wanted.interval, checks=wanted.checks
        )
    )
    service = subprocess.Popen(["taskset", "-c", "0", TLSPROBE, "serve", "--config", config])
    try:
        url = f"http://127.0.0.1:{port}/metrics"
        late = _PUNCTUAL * wanted.interval
        first = _until(service, url, 2 * wanted.endpoints, late)
        rounds = [
            _until(service, url, (2 + done) * wanted.endpoints, late)
            for done in range(1, wanted.rounds + 1)
        ]
    finally:
        service.terminate()
        service.wait()
    last = rounds[-1]
    if last.visits == first.visits:
        raise RuntimeError("no visit ended between two samples: use more --rounds")
    a_visit = (last.cpu - first.cpu) / (last.visits - first.visits)
    punctual = (last.punctual - first.punctual) / (last.began - first.began)
    print(f"{wanted.endpoints} endpoints, {wanted.rounds} rounds of {wanted.interval:g} s")
    print(
        f"processor      {a_visit * wanted.endpoints / HOUR:8.1%} of a core per hour (limit 20 %)"
    )
    print(f"a verification {a_visit * 1000:8.2f} ms")
    print(f"memory         {first.rss / 1e6:8.0f} MB after the first round of verifications")
    print(f"               {last.rss / 1e6:8.0f} MB after the last (limit 400 MB)")
    print(f"on time        {punctual:8.2%} of the visits, within 5 % of the interval (limit 99 %)")
    of_fleet = f"{wanted.endpoints} endpoints"
    save(
        "service",
        {
            f"{of_fleet}: a verification": Figure(runs=(a_visit * 1000,), unit="ms"),
            f"{of_fleet}: memory": Figure(runs=(last.rss / 1e6,), unit="MB"),
        },
    )


def _until(service: subprocess.Popen[bytes], url: str, visits: int, late: float) -> Sample:
    *_, last = _samples(service, url, visits, late)
    print(
        f"  {last.visits:.0f} visits, {last.cpu:.0f} s CPU, {last.rss / 1e6:.0f} MB",
        flush=True,
    )
    return last


def _samples(
    service: subprocess.Popen[bytes], url: str, visits: int, late: float
) -> Iterator[Sample]:
    """A sample every five seconds, until ``visits`` are done; a visit later than ``late`` is not on time."""
    while service.poll() is None:
        try:
            page = httpx.get(url, timeout=30).text
        except httpx.TransportError:
            page = ""
        done = sum(number for _, number in _series("tlsprobe_probes_total", page))
        delays = [
            (float(le), count) for le, count in _series("tlsprobe_probe_delay_seconds_bucket", page)
        ]
        yield Sample(
            cpu=cpu_seconds(service.pid),
            rss=resident_bytes(service.pid),
            visits=done,
            began=max((count for _, count in delays), default=0.0),
            punctual=max((count for le, count in delays if le <= late), default=0.0),
        )
        if done >= visits:
            return
        time.sleep(5.0)
    raise RuntimeError(f"the service ended with {service.returncode}")


def _series(name: str, page: str) -> Iterator[tuple[str, float]]:
    """The label value and the number of each series of a metric with one label."""
    for label, number in re.findall(rf'^{name}\{{\w+="([^"]*)"\}} (\S+)$', page, re.MULTILINE):
        yield label, float(number)


@contextmanager
def _fleet(directory: Path) -> Iterator[int]:
    """One nginx on the other core, which answers for every name."""
    certificates = make_certificates(directory)
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _NGINX.format(
            port=port, chain=certificates.ecdsa.chain_file, key=certificates.ecdsa.key_file
        )
    )
    command = Command(
        arguments=["taskset", "-c", "1", "nginx", "-p", str(directory), "-c", str(configuration)],
        ready="start worker process ",
        environment={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )
    with running(command, directory):
        yield port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as some:
        port: int = some.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
