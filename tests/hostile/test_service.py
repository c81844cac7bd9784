"""``serve`` with all hostile modes at once keeps the pace of fifty healthy endpoints, and stops.

All times count only while the service could run: other tests use the same CPUs.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from model.target import Target
from tests.hostile.child import hostile_servers
from tests.hostile.healthy import SERVERS, HealthyServers, address_of, healthy_servers
from tests.hostile.mode import SERVER_NAME
from tests.hostile.starvation import Starvation
from tests.service.processes import TLSPROBE, environment
from tests.support.plain_http import get
from tests.support.ports import free_port

INTERVAL_SECONDS = 12
CALM_SECONDS = 3 * INTERVAL_SECONDS
MOST_SECONDS = 300
"""Time until everything was visited once; a busy machine takes longer."""

STOPS_WITHIN_SECONDS = 10
LONGEST_PAUSE = 3 * INTERVAL_SECONDS
"""Between two visits to a healthy endpoint: one interval, and the same again for a busy machine."""

KEPT_PACE = 0.8
"""The minimum share of visits to healthy endpoints that must still happen among hostile ones."""

CONFIGURATION = {
    "interval_seconds": INTERVAL_SECONDS,
    "schedules": [{"match": {"kind": "hostile"}, "interval_seconds": 3600}],
    "probe": {
        "deadline_seconds": 10,
        "answer_timeout_seconds": 2,
        "fetch": True,
        "fetch_networks": ["127.0.0.0/8"],
    },
}


@dataclass(slots=True, kw_only=True)
class Running:
    """``serve`` as a process, and the responses of its health page."""

    url: str
    targets: Path
    process: subprocess.Popen[bytes]
    starvation: Starvation
    unhealthy: list[str] = field(default_factory=list)

    def look_for(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Reads its health every second for the given time, or until a condition holds."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not until():
            assert self.process.poll() is None, "the service ended by itself"
            self.starvation.look(time.monotonic())
            try:
                status = get(f"{self.url}/-/healthy", timeout=10).status_code
                if status != httpx.codes.OK:
                    self.unhealthy.append(f"status {status}")
            except httpx.TransportError as failure:
                self.unhealthy.append(repr(failure))
            time.sleep(1)

    def visited(self, network: str) -> int:
        """The number of visited targets in this network."""
        page = get(f"{self.url}/metrics/endpoints", timeout=60).text
        lines = (line for line in page.splitlines() if network in line)
        return sum(line.startswith("tlsprobe_last_probe_timestamp_seconds{") for line in lines)

    def set_targets(self, targets: Iterable[Mapping[str, Any]]) -> None:
        """Replaces the targets file."""
        new = self.targets.with_suffix(".new")
        new.write_text(json.dumps(list(targets)), encoding="utf-8")
        new.rename(self.targets)

    def stop(self) -> float:
        """Sends SIGTERM; returns the seconds until the process has ended."""
        began = time.monotonic()
        self.starvation.look(began)
        self.process.send_signal(signal.SIGTERM)
        while self.process.poll() is None and time.monotonic() - began < MOST_SECONDS:
            self.starvation.look(time.monotonic())
            time.sleep(0.1)
        return self.starvation.own_seconds(began, time.monotonic())


def healthy_targets(servers: HealthyServers) -> list[dict[str, Any]]:
    return [
        {"target": f"{address_of(number)}:{port}", "server_name": SERVER_NAME}
        for number, port in enumerate(servers.ports)
    ]


def hostile_targets(targets: Iterable[Target]) -> list[dict[str, Any]]:
    return [
        {
            "target": f"{target.host}:{target.port}",
            "server_name": target.server_name,
            "protocol": target.protocol,
            "labels": {"kind": "hostile", **target.labels},
        }
        for target in targets
    ]


@contextmanager
def service(directory: Path, targets: list[dict[str, Any]]) -> Iterator[Running]:
    port, file = free_port(), directory / "targets.json"
    configuration = {
        **CONFIGURATION,
        "listen": f"127.0.0.1:{port}",
        "database": f"sqlite:///{directory / 'tlsprobe.db'}",
        "targets_files": [str(file)],
    }
    (directory / "tlsprobe.yml").write_text(json.dumps(configuration), encoding="utf-8")
    file.write_text(json.dumps(targets), encoding="utf-8")
    with (
        (directory / "log").open("wb") as log,
        subprocess.Popen(
            [TLSPROBE, "serve", "--config", directory / "tlsprobe.yml"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            running = Running(
                url=f"http://127.0.0.1:{port}",
                targets=file,
                process=process,
                starvation=Starvation(process_id=process.pid),
            )
            wait_until_it_listens(running)
            yield running
        finally:
            process.kill()


def wait_until_it_listens(running: Running) -> None:
    while True:
        assert running.process.poll() is None, "the service did not start"
        try:
            get(f"{running.url}/-/healthy", timeout=10)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return


def longest_pause(
    moments: Iterable[float], began: float, ended: float, starvation: Starvation
) -> float:
    """The longest time without a visit in this span."""
    marks = [began, *(moment for moment in moments if began <= moment <= ended), ended]
    return max(starvation.own_seconds(earlier, later) for earlier, later in pairwise(marks))


def visited_in(visits: Mapping[int, Iterable[float]], began: float, ended: float) -> int:
    """The number of visits that began in this span."""
    every = [moment for moments in visits.values() for moment in moments]
    return sum(began <= moment <= ended for moment in every)


@pytest.mark.integration
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(3 * MOST_SECONDS)
def test_healthy_endpoints_keep_their_interval_among_hostile_ones(tmp_path: Path) -> None:
    with (
        healthy_servers(tmp_path / "connections") as healthy,
        hostile_servers() as hostile,
        service(tmp_path, healthy_targets(healthy)) as running,
    ):
        running.look_for(MOST_SECONDS, until=lambda: running.visited("127.67.") == SERVERS)
        calm = time.monotonic()
        running.look_for(CALM_SECONDS)
        attacked = time.monotonic()
        running.set_targets([*healthy_targets(healthy), *hostile_targets(hostile.values())])
        running.look_for(MOST_SECONDS, until=lambda: running.visited("127.66.") == len(hostile))
        running.look_for(INTERVAL_SECONDS)
        ended = time.monotonic()
        assert running.visited("127.66.") == len(hostile)
        assert running.stop() <= STOPS_WITHIN_SECONDS
    visits = healthy.visits()
    starvation = running.starvation
    pauses = {
        number: longest_pause(visits[number], attacked, ended, starvation)
        for number in range(SERVERS)
    }
    assert running.unhealthy == []
    assert {number: pause for number, pause in pauses.items() if pause > LONGEST_PAUSE} == {}
    calm_rate = visited_in(visits, calm, attacked) / (attacked - calm)
    own_seconds = starvation.own_seconds(attacked, ended)
    assert visited_in(visits, attacked, ended) >= KEPT_PACE * calm_rate * own_seconds
