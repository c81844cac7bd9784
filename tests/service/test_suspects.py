"""Real services that a server blocks for good, or that are killed: which endpoint is suspected, and for how long."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server, socket
from typing import Any

import httpx
import pytest

from model.observation import State
from service.demo import DemoFleet
from service.watchdog.in_flight import left_behind
from storage import SqlStore
from tests.service.processes import TLSPROBE, running
from tests.service.test_daemon import Service as JsonService

pytestmark = pytest.mark.integration

FREEZING = """\
import ctypes
import os
import sys

if "service.watchdog.isolation" in sys.orig_argv or any(one.endswith("tlsprobe") for one in sys.orig_argv):
    from probe.visit.engine import Engine
    from service.watchdog import watchdog

    watchdog.STANDSTILL_SECONDS = 4.0
    visit = Engine.visit

    async def block_the_loop(self, endpoint, *rest, **options):
        if endpoint.target.port == int(os.environ["FREEZING_PORT"]):
            # The second lock of a mutex never returns, and a PyDLL's function keeps Python's lock.
            lock, mutex = ctypes.PyDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
            lock(mutex)
            lock(mutex)
        return await visit(self, endpoint, *rest, **options)

    Engine.visit = block_the_loop
"""
"""Code that Python runs at its start: a flaw that one server triggers in every process that visits it."""


class Service(JsonService):
    """The service; its log has the stack of the blocked process, which is not JSON."""

    async def wait_for(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        assert self.process.stderr is not None
        while line := await asyncio.to_thread(self.process.stderr.readline):
            event: dict[str, Any] = json.loads(line) if line.startswith("{") else {"event": line}
            if is_wanted(event):
                return event
        raise AssertionError("the log ended")


@pytest.fixture
def freezing_port() -> Iterator[int]:
    with create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def changes(tmp_path: Path, freezing_port: int) -> dict[str, str]:
    directory = tmp_path / "site"
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(FREEZING)
    return {"PYTHONPATH": str(directory), "FREEZING_PORT": str(freezing_port)}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tlsprobe.db'}"


def arguments(url: str, directory: Path, ports: list[int], more: str = "") -> list[str]:
    (directory / "targets.json").write_text(json.dumps([f"127.0.0.1:{port}" for port in ports]))
    config = directory / "tlsprobe.yml"
    config.write_text(
        f"listen: 127.0.0.1:0\ndatabase: {url}\ntargets_files: [{directory / 'targets.json'}]\n"
        f"interval_seconds: 3\nprobe: {{checks: [versions]}}\n{more}"
    )
    return ["serve", "--config", str(config)]


async def ended_by_its_watchdog(process: subprocess.Popen[str]) -> str:
    _, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 1, said
    return said


async def events(url: str) -> list[tuple[str, str]]:
    async with await SqlStore.open(url) as store:
        return [(one.kind, one.sentence) for one in await store.events()]


@pytest.mark.process
async def test_an_endpoint_that_freezes_the_service_does_so_once(
    fleet: DemoFleet, url: str, tmp_path: Path, changes: dict[str, str], freezing_port: int
) -> None:
    good = [target.port for target in fleet.targets]
    command = arguments(url, tmp_path, [*good, freezing_port])
    key = f"127.0.0.1:{freezing_port}@127.0.0.1"
    with running(*command, changes=changes) as process:
        assert "in block_the_loop" in await ended_by_its_watchdog(process)
    with running(*command, changes=changes) as process:
        service = Service(process)
        await service.start()
        crashed = await service.wait_for(lambda event: event["event"] == "the service had crashed")
        assert key in crashed["reason"]
        aside = await service.wait_for(lambda event: event["event"] == "an endpoint is quarantined")
        assert aside["endpoint"] == key
        await wait_for_all(service, [*good, freezing_port])
        assert "\ntlsprobe_endpoints_quarantined 1.0" in (await service.get("/metrics")).text
        refused = await service.get(f"/probe?target=127.0.0.1:{freezing_port}")
        assert refused.status_code == 503
        assert "is not probed until" in refused.text
        assert await service.stop() == 0
    with running(*command, changes=changes) as process:
        service = Service(process)
        await service.start()
        await wait_for_all(service, [*good, freezing_port])
        assert "\ntlsprobe_endpoints_quarantined 1.0" in (await service.get("/metrics")).text
        assert await service.stop() == 0
    async with await SqlStore.open(url) as store:
        states = {one.observation.endpoint.key: one.observation for one in await store.statuses()}
    assert states.pop(key).state is State.ERROR
    assert {one.state for one in states.values()} == {State.TLS}
    kinds = [kind for kind, _ in reversed(await events(url))]
    assert kinds.count("crashed") == 1
    assert kinds.count("endpoint_quarantined") == 1


async def wait_for_all(service: Service, ports: list[int]) -> None:
    """Each of them is visited, or reported as not visited."""
    left = {f"127.0.0.1:{port}@127.0.0.1" for port in ports}
    while left:
        (visit,) = await service.wait_for_visits(1)
        left.discard(visit["endpoint"])


@pytest.mark.process
async def test_a_frozen_service_ends_within_ten_seconds_of_sigterm(
    url: str, tmp_path: Path, changes: dict[str, str], freezing_port: int
) -> None:
    site = tmp_path / "site" / "sitecustomize.py"
    site.write_text(
        FREEZING.replace("= 4.0", "= 600.0").replace(
            "lock, mutex =", "print('frozen', flush=True); lock, mutex ="
        )
    )
    with running(*arguments(url, tmp_path, [freezing_port]), changes=changes) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "frozen\n"
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.to_thread(process.communicate, timeout=11)
    assert process.returncode == signal.SIGUSR2
    assert "in block_the_loop" in said


@pytest.mark.process
async def test_a_visit_in_flight_at_a_kill_is_tried_alone_at_once_and_cleared(
    fleet: DemoFleet, silent_server: socket, url: str, tmp_path: Path
) -> None:
    silent = silent_server.getsockname()[1]
    good = [target.port for target in fleet.targets]
    command = arguments(url, tmp_path, [silent, *good])
    with running(*command) as process:
        service = Service(process)
        await service.start()
        connection, _ = await asyncio.to_thread(silent_server.accept)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.wait)
        connection.close()
    silent_server.close()  # an endpoint that refuses connections takes no time
    with running(*command) as process:
        service = Service(process)
        await service.start()
        cleared = await service.wait_for(
            lambda event: "probed alone without a crash" in event["event"]
        )
        while not cleared["endpoint"].startswith(f"127.0.0.1:{silent}@"):
            cleared = await service.wait_for(
                lambda event: "probed alone without a crash" in event["event"]
            )
        assert "\ntlsprobe_endpoints_quarantined 0.0" in (await service.get("/metrics")).text
        assert await service.stop() == 0
    assert [kind for kind, _ in await events(url)].count("endpoint_quarantined") == 0
    assert left_behind(tmp_path / "tlsprobe.db") == [], "a service that stopped leaves nothing"


@pytest.mark.process
async def test_a_probe_on_demand_that_freezes_the_service_does_so_once(
    fleet: DemoFleet, url: str, tmp_path: Path, changes: dict[str, str], freezing_port: int
) -> None:
    more = "on_demand: {networks: [127.0.0.0/8]}\n"
    command = arguments(url, tmp_path, [fleet.targets[0].port], more)
    with running(*command, changes=changes) as process:
        service = Service(process)
        await service.start()
        with pytest.raises(httpx.TransportError):
            await service.get(f"/probe?target=127.0.0.1:{freezing_port}")
        await ended_by_its_watchdog(process)
    with running(*command, changes=changes) as process:
        service = Service(process)
        await service.start()
        for _ in range(2):
            answer = await service.get(f"/probe?target=127.0.0.1:{freezing_port}")
            assert answer.status_code in {503, 504}
        await service.wait_for(lambda event: event["event"] == "an endpoint is quarantined")
        answer = await service.get(f"/probe?target=127.0.0.1:{freezing_port}")
        assert (answer.status_code, "is not probed until" in answer.text) == (503, True)
        assert await service.stop() == 0


SHORT = """
import asyncio, resource, socket, sys
from pki.net_guard.shortage import ShortageError, refusing_shortages
from pki.net_guard.gate import SocketGate
from discovery.networks import Scan, read_networks
from discovery.source import SourceError
from discovery.targets import parse_target
from model.clock import SystemClock
from scheduling.resolve import resolve
from model.target import Endpoint
from service.config.settings import ServiceSettings
from service.process.start_up import engine_of
import ipaddress

async def outcome(asking):
    try:
        with refusing_shortages():
            await asking
    except (ShortageError, SourceError) as error:
        return type(error).__name__
    return "an answer"

async def main():
    engine = engine_of(ServiceSettings(probe={"deadline_seconds": 5}), SystemClock())
    place = f"127.0.0.1:{sys.argv[1]}"
    tcp, dtls = (parse_target(one) for one in (place, f"dtls://{place}"))
    scan = Scan(networks=(ipaddress.ip_network("127.0.0.1/32"),), ports=(int(sys.argv[1]),))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    held = []
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass
    for target in (tcp, dtls):
        print(await outcome(engine.visit(Endpoint(target=target, address="127.0.0.1"))))
    print(await outcome(resolve(parse_target("nowhere.example"))))
    print(await outcome(read_networks(scan, SocketGate(), "networks")))

asyncio.run(main())
"""


def test_every_socket_opener_reports_a_lack_of_descriptors(closed_port: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHORT, str(closed_port)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["ShortageError"] * 3 + ["SourceError"]


@pytest.mark.process
async def test_without_descriptors_visits_are_postponed_and_no_state_is_an_error(
    fleet: DemoFleet, url: str, tmp_path: Path
) -> None:
    command = arguments(url, tmp_path, [target.port for target in fleet.targets])
    few = ("bash", "-c", 'ulimit -Sn 256; exec "$0" "$@"', TLSPROBE)
    with running(*command, program=few) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(len(fleet.targets))
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, 4096))
        seen: list[dict[str, Any]] = []
        await service.wait_for(
            lambda event: keeps(seen, event)["event"].startswith("visits are postponed")
        )
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (256, 4096))
        after = await service.wait_for_visits(len(fleet.targets))
        put_off = (await service.get("/metrics")).text
        assert "\ntlsprobe_probes_put_off_total 0.0" not in put_off
        assert await service.stop() == 0
    finished = [one for one in seen if one["event"] == "visit finished"] + after
    assert {one["state"] for one in finished} == {"tls"}


def keeps(seen: list[dict[str, Any]], event: dict[str, Any]) -> dict[str, Any]:
    seen.append(event)
    return event
