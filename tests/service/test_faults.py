"""What goes wrong around the service while it works: it goes on, and what is stored stays true."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from socket import create_server

import pytest

from probe.connect.dial import Place, Traffic, dial
from probe.tls.answer import NoConnection, Obstacle
from service.demo import DemoFleet
from storage import SqlStore
from tests.service.processes import TLSPROBE, running
from tests.service.test_daemon import Service, write_targets

FEW_FILES = ("bash", "-c", 'ulimit -n 40; exec "$0" "$@"', TLSPROBE)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tlsprobe.db'}"


@pytest.fixture
def arguments(database: str) -> list[str]:
    return ["serve", "--listen", "127.0.0.1:0", "--database", database]


async def test_few_file_descriptors_make_it_slower_and_nothing_else(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with running(*arguments, "--targets", targets, program=FEW_FILES) as process:
        service = Service(process)
        warning = await service.wait_for(lambda event: event["level"] == "warning")
        assert warning["used"] < 40 < warning["wanted"]
        await service.start()
        visits = await service.wait_for_visits(6)
        assert {visit["state"] for visit in visits} == {"tls"}
        assert (await service.get("/-/healthy")).status_code == 200
        assert await service.stop() == 0


DIAL_WITHOUT_FILES = """
import asyncio, resource
from probe.connect.dial import Place, Traffic, dial

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    held = []
    try:
        while True:
            held.append(open("/dev/null"))
    except OSError:
        pass
    print((await dial(Traffic(), Place(address="127.0.0.1", port=9), 1.0)).obstacle)

asyncio.run(main())
"""


def test_our_own_shortage_is_never_the_server_s_fault() -> None:
    python = TLSPROBE.with_name("python")
    said = subprocess.run(
        [python, "-c", DIAL_WITHOUT_FILES], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "exhausted"


async def test_a_refusal_is_still_the_server_s() -> None:
    assert await dial(Traffic(), Place(address="127.0.0.1", port=9), 1.0) == NoConnection(
        obstacle=Obstacle.REFUSED, detail="TCP port 9 refused the connection"
    )


async def test_kill_9_in_the_middle_of_many_visits_leaves_a_database_that_goes_on(
    fleet: DemoFleet, arguments: list[str], database: str, tmp_path: Path
) -> None:
    ports = [target.port for target in fleet.targets]
    hosts = [f"127.0.0.{number}" for number in range(1, 200)]
    targets = tmp_path / "targets.json"
    targets.write_text(json.dumps([f"{host}:{port}" for host in hosts for port in ports]))
    for kills in (5, 25):
        with running(*arguments, "--targets", targets) as process:
            service = Service(process)
            await service.start()
            await service.wait_for_visits(kills)
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
    async with await SqlStore.open(database) as store:
        kept = await store.statuses()
        assert len(kept) >= 5
        assert len(kept) == len(await store.schedules())
        assert await store.healthy()


async def test_a_third_of_the_fleet_in_a_black_hole_costs_the_others_nothing(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    """Sockets that never accept stand for hosts that drop every packet."""
    with ExitStack() as holes:
        ports = [
            holes.enter_context(create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)
        ]
        targets = tmp_path / "targets.json"
        places = [f"{target.host}:{target.port}" for target in fleet.targets]
        places += [f"127.0.0.1:{port}" for port in ports]
        targets.write_text(json.dumps(places))
        config = tmp_path / "tlsprobe.yml"
        config.write_text("visits_at_once: 2\nprobe: {deadline_seconds: 30}\n")
        with running(*arguments, "--targets", targets, "--config", config) as process:
            service = Service(process)
            await service.start()
            states: list[str] = []
            while states.count("tls") < len(fleet.targets):
                (visit,) = await service.wait_for_visits(1)
                states.append(visit["state"])
            assert await service.stop() == 0
