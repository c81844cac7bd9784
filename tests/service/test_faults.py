"""Faults around the running service: it continues, and stored data stays correct."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from model.observation import State
from probe.budget import VisitBudget
from probe.connect.dial import DialAddress, dial
from probe.dialogue.answer import ConnectFailure, FailureKind
from service.demo import DemoFleet
from storage import SqlStore
from tests.service.processes import HANGING_RESOLVER, PATIENCE_SECONDS, TLSPROBE, running
from tests.service.test_daemon import Service, write_targets

FEW_FILES = ("bash", "-c", 'ulimit -n 40; exec "$0" "$@"', TLSPROBE)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tlsprobe.db'}"


@pytest.fixture
def arguments(database: str) -> list[str]:
    return ["serve", "--listen", "127.0.0.1:0", "--database", database]


@pytest.mark.process
async def test_few_file_descriptors_only_make_it_slower(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with running(*arguments, "--targets", targets, program=FEW_FILES) as process:
        service = Service(process)
        warning = await service.wait_for(lambda event: event["level"] == "warning")
        assert warning["used"] < 40 < warning["needed"]
        await service.start()
        visits = await service.wait_for_visits(6)
        assert {visit["state"] for visit in visits} == {"tls"}
        assert (await service.get("/-/healthy")).status_code == 200
        assert await service.stop() == 0


DIAL_WITHOUT_FILES = """
import asyncio, resource
from probe.budget import VisitBudget
from probe.connect.dial import DialAddress, dial

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    held = []
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass
    print((await dial(VisitBudget(), DialAddress(address="127.0.0.1", port=9), 1.0)).kind)

asyncio.run(main())
"""


@pytest.mark.process
def test_our_own_resource_shortage_is_never_attributed_to_the_server() -> None:
    python = TLSPROBE.with_name("python")
    said = subprocess.run(
        [python, "-c", DIAL_WITHOUT_FILES], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "exhausted"


async def test_a_refusal_is_still_attributed_to_the_server() -> None:
    assert await dial(
        VisitBudget(), DialAddress(address="127.0.0.1", port=9), 1.0
    ) == ConnectFailure(kind=FailureKind.REFUSED, detail="TCP port 9 refused the connection")


@pytest.mark.process
async def test_kill_9_during_a_thousand_visits_leaves_a_consistent_database(
    fleet: DemoFleet, url: str, tmp_path: Path
) -> None:
    arguments = ["serve", "--listen", "127.0.0.1:0", "--database", url]
    config = config_with_a_thousand_endpoints(fleet, tmp_path)
    told: set[str] = set()
    for kills in (5, 25):
        with running(*arguments, "--config", config) as process:
            service = Service(process)
            await service.start()
            told |= {visit["endpoint"] for visit in await service.wait_for_visits(kills)}
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            told |= {visit["endpoint"] for visit in visits_in(process)}
    async with await SqlStore.open(url) as store:
        kept = await store.statuses()
        assert {status.observation.state for status in kept} == {State.TLS}
        assert len(kept) >= 5
        assert {status.observation.endpoint.key for status in kept} <= told
        assert len(kept) == len(await store.schedules())
        assert await store.healthy()


@pytest.mark.process
async def test_sigterm_during_a_thousand_visits_loses_no_completed_one(
    fleet: DemoFleet, arguments: list[str], database: str, tmp_path: Path
) -> None:
    config = config_with_a_thousand_endpoints(fleet, tmp_path)
    with running(*arguments, "--config", config) as process:
        service = Service(process)
        await service.start()
        told = {visit["endpoint"] for visit in await service.wait_for_visits(25)}
        process.send_signal(signal.SIGTERM)
        told |= {visit["endpoint"] for visit in await asyncio.to_thread(visits_in, process)}
        assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) == 0
    async with await SqlStore.open(database) as store:
        kept = {one.observation.endpoint.key: one.observation for one in await store.statuses()}
    assert kept.keys() == told
    assert len(kept) < 1_000
    assert {observation.state for observation in kept.values()} == {State.TLS}


def config_with_a_thousand_endpoints(fleet: DemoFleet, directory: Path) -> Path:
    """A configuration with a thousand endpoints that become due within seconds."""
    names = [f"n{number}.test" for number in range(167)]
    places = [
        {"target": f"127.0.0.1:{target.port}", "server_name": name}
        for name in names
        for target in fleet.targets
    ]
    (directory / "thousand.json").write_text(json.dumps(places))
    config = directory / "thousand.yml"
    config.write_text(
        f"targets_files: [{directory / 'thousand.json'}]\n"
        "interval_seconds: 30\n"
        "probe: {checks: [versions, suites], connections_per_address_per_second: 1000}\n"
    )
    return config


def visits_in(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """The visits in the rest of the log, until the process has ended."""
    assert process.stderr is not None
    events = [json.loads(line) for line in process.stderr if line.endswith("\n")]
    return [event for event in events if event["event"] == "visit finished"]


@pytest.mark.process
async def test_a_full_disk_stops_no_visit_and_the_facts_are_stored_when_there_is_space(
    fleet: DemoFleet, arguments: list[str], database: str, tmp_path: Path
) -> None:
    """A file size limit on the running process simulates a full disk."""
    targets = write_targets(tmp_path / "targets.json", fleet)
    config = tmp_path / "often.yml"
    config.write_text("interval_seconds: 2\nprobe: {checks: [versions, suites]}\n")
    with running(*arguments, "--targets", targets, "--config", config) as process:
        service = Service(process)
        await service.start()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        waiting = await service.wait_for(lambda event: "waits to be stored" in event["event"])
        assert waiting["level"] == "warning"
        await service.wait_for_visits(6)
        assert (await service.get("/-/healthy")).status_code == 200
        page = (await service.get("/metrics")).text
        assert "tlsprobe_store_write_failures_total 0.0" not in page
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await count_of_stored(database) < len(fleet.targets):
                await service.wait_for_visits(1)
        assert await service.stop() == 0
    async with await SqlStore.open(database) as store:
        assert {one.observation.state for one in await store.statuses()} == {State.TLS}


async def count_of_stored(database: str) -> int:
    async with await SqlStore.open(database) as store:
        return len(await store.statuses())


@pytest.mark.process
async def test_a_resolver_that_is_down_stops_neither_visits_nor_pages(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    """More names than any pool has threads, without any answer."""
    places = [f"{number}.www.example" for number in range(100)]
    (tmp_path / "lost.json").write_text(json.dumps(places))
    targets = write_targets(tmp_path / "targets.json", fleet)
    both = ("--targets", tmp_path / "lost.json", "--targets", targets)
    with running(*arguments, *both, program=HANGING_RESOLVER) as process:
        service = Service(process)
        await service.start()
        states: dict[str, list[str]] = {
            "visit finished": [],
            "visit failed, will be repeated soon": [],
        }
        finished, failed = states.values()

        def is_enough(event: dict[str, Any]) -> bool:
            if event["event"] in states:
                states[event["event"]].append(event["state"])
            return finished.count("tls") >= len(fleet.targets) and "dns_error" in failed

        await service.wait_for(is_enough)
        assert {*finished, *failed} == {"tls", "dns_error"}
        page = (await service.get("/metrics/endpoints")).text
        up = [line for line in page.splitlines() if line.startswith("tlsprobe_up{")]
        assert len([line for line in up if line.endswith(" 1")]) == len(fleet.targets)
        assert await service.stop() == 0


@pytest.mark.process
async def test_the_database_knows_when_the_service_ran(
    fleet: DemoFleet, arguments: list[str], database: str, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.json"
    targets.write_text(json.dumps([f"127.0.0.1:{fleet.targets[0].port}"]))
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        assert await service.stop() == 0
    async with await SqlStore.open(database) as store:
        assert [event.kind for event in await store.events()] == ["stopped", "started"]


@pytest.mark.process
async def test_an_unreachable_third_of_the_fleet_does_not_slow_the_others(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    """Sockets that never accept simulate hosts that drop every packet."""
    with ExitStack() as holes:
        ports = [
            holes.enter_context(create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)
        ]
        targets = tmp_path / "targets.json"
        places = [f"{target.host}:{target.port}" for target in fleet.targets]
        places += [f"127.0.0.1:{port}" for port in ports]
        targets.write_text(json.dumps(places))
        config = tmp_path / "tlsprobe.yml"
        config.write_text("max_concurrent_probes: 2\nprobe: {deadline_seconds: 30}\n")
        with running(*arguments, "--targets", targets, "--config", config) as process:
            service = Service(process)
            await service.start()
            states: list[str] = []
            while states.count("tls") < len(fleet.targets):
                (visit,) = await service.wait_for_visits(1)
                states.append(visit["state"])
            assert await service.stop() == 0
