"""The service as a process of its own: it probes, serves, logs, and stops on a signal."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from socket import create_server, socket
from typing import Any

import httpx
import pytest

from service.demo import DemoFleet
from tests.service.processes import HANGING_RESOLVER, running, tlsprobe
from tests.support.plain_http import TRUSTS_NO_CA
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


class Service:
    """A running ``tlsprobe serve``, followed through its JSON log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = ""

    async def wait_for(self, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next wanted event of the log; fails if the log ends before it."""
        assert self.process.stderr is not None
        seen = []
        while line := await asyncio.to_thread(self.process.stderr.readline):
            seen.append(line)
            event: dict[str, Any] = json.loads(line)
            if is_wanted(event):
                return event
        raise AssertionError(f"the log ended: {''.join(seen)}")

    async def start(self) -> None:
        self.url = (await self.wait_for(lambda event: event["event"] == "serving"))["url"]

    async def wait_for_visits(self, count: int) -> list[dict[str, Any]]:
        return [
            await self.wait_for(lambda event: event["event"] == "visit finished")
            for _ in range(count)
        ]

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client:
            return await client.get(self.url + path)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal; returns the exit code, within the ten seconds that the service guarantees."""
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, 10)


def write_targets(path: Path, fleet: DemoFleet) -> Path:
    targets = [
        {"target": f"{target.host}:{target.port}", "server_name": target.server_name}
        for target in fleet.targets
    ]
    path.write_text(json.dumps(targets), encoding="utf-8")
    return path


def facts_of(page: str) -> list[str]:
    """The page's lines except its age."""
    lines = page.splitlines()
    return sorted(line for line in lines if not line.startswith("tlsprobe_snapshot_age"))


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    database = f"sqlite:///{tmp_path / 'tlsprobe.db'}"
    return ["serve", "--listen", "127.0.0.1:0", "--database", database]


@pytest.mark.process
async def test_the_service_probes_serves_and_stops(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        visits = await service.wait_for_visits(6)
        assert {visit["state"] for visit in visits} == {"tls"}
        assert (await service.get("/-/ready")).status_code == 200
        assert (await service.get("/-/healthy")).status_code == 200
        page = (await service.get("/metrics/endpoints")).text
        up = [line for line in page.splitlines() if line.startswith("tlsprobe_up{")]
        assert sorted(up) == sorted(
            f'tlsprobe_up{{target="{each.key}"}} 1' for each in fleet.targets
        )
        assert await service.stop() == 0


@pytest.mark.process
async def test_a_restart_shows_the_stored_facts_and_visits_when_due(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(6)
        before = (await service.get("/metrics/endpoints")).text
        assert await service.stop() == 0
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        await service.wait_for(lambda event: event["event"] == "targets read")
        after = ""
        while after.count("\ntlsprobe_up{") < len(fleet.targets):
            after = (await service.get("/metrics/endpoints")).text
        assert facts_of(after) == facts_of(before)
        assert await service.stop() == 0


@pytest.mark.process
async def test_the_service_stops_while_a_visit_hangs(
    silent_server: socket, arguments: list[str], tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yml"
    targets.write_text(f"- 127.0.0.1:{silent_server.getsockname()[1]}\n", encoding="utf-8")
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        connection, _ = await asyncio.to_thread(silent_server.accept)
        assert await service.stop(signal.SIGINT) == 0
        connection.close()


@pytest.mark.process
async def test_the_service_stops_while_the_resolver_hangs(
    arguments: list[str], tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yml"
    targets.write_text("- www.example\n", encoding="utf-8")
    with running(*arguments, "--targets", targets, program=HANGING_RESOLVER) as process:
        service = Service(process)
        await service.start()
        await service.wait_for(lambda event: event["event"] == "looking up")
        assert await service.stop() == 0


@pytest.mark.process
async def test_a_targets_file_that_becomes_invalid_keeps_the_last_good_targets(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(6)
        targets.write_text("- 127.0.0.1:99999\n", encoding="utf-8")
        event = await service.wait_for(lambda event: event["level"] == "error")
        assert "targets.json" in event["reason"]
        assert "99999" in event["reason"]
        page = (await service.get("/metrics/endpoints")).text
        assert page.count("\ntlsprobe_up{") == 6
        assert await service.stop() == 0


@pytest.mark.process
async def test_the_demo_prints_its_address_and_shows_six_endpoints(tmp_path: Path) -> None:
    with running("demo", "--listen", "127.0.0.1:0", "--directory", tmp_path / "here") as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(6)
        page = (await service.get("/metrics/endpoints")).text
        assert page.count("\ntlsprobe_up{") == 6
        assert await service.stop(signal.SIGINT) == 0
        assert process.stdout is not None
        introduction = process.stdout.read()
    assert f"{service.url}/metrics/endpoints" in introduction
    assert (tmp_path / "here" / "tlsprobe.db").exists()


def refusal(*arguments: str | Path) -> str:
    """The one sentence with which the service refuses to start."""
    run = tlsprobe(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    (sentence,) = run.stderr.splitlines()
    return sentence


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    path = tmp_path / "targets.yml"
    path.write_text("[]\n", encoding="utf-8")
    return path


def test_a_port_in_use_is_reported(arguments: list[str], targets: Path) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        for command in ([*arguments, "--targets", targets], ["demo"]):
            assert refusal(*command, "--listen", place) == (
                f"tlsprobe: cannot listen on {place} (Address already in use): stop the program "
                "that uses the port, or choose another address with --listen"
            )


def test_an_address_of_another_machine_is_reported(arguments: list[str], targets: Path) -> None:
    sentence = refusal(*arguments, "--targets", targets, "--listen", "192.0.2.1:9844")
    assert sentence.startswith("tlsprobe: cannot listen on 192.0.2.1:9844 (")


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/tlsprobe.db", "sqlite:///targets.yml", "oracle://x", "tlsprobe.db"]
)
def test_an_unusable_database_is_reported(
    url: str, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    targets.write_text("# this is not a database\n[]\n" * 100, encoding="utf-8")
    sentence = refusal("serve", "--targets", targets, "--listen", "127.0.0.1:0", "--database", url)
    assert "targets.yml, line" in sentence or "database" in sentence


@pytest.mark.process
async def test_a_bad_target_at_the_start_is_logged_with_its_line_and_costs_only_itself(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    targets = write_targets(tmp_path / "targets.json", fleet)
    bad = {"targets": ["http://127.0.0.1:99999"]}
    targets.write_text(json.dumps([*json.loads(targets.read_text()), bad]), encoding="utf-8")
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        event = await service.wait_for(lambda event: "is skipped" in event["event"])
        assert f"{targets}, line 1" in event["reason"]
        assert "99999" in event["reason"]
        await service.wait_for_visits(6)
        assert await service.stop() == 0


def test_a_targets_file_that_is_not_a_list_is_said_at_the_start(
    arguments: list[str], targets: Path
) -> None:
    targets.write_text("targets: [127.0.0.1:443]\n", encoding="utf-8")
    assert f"{targets}, line 1: is not a list" in refusal(*arguments, "--targets", targets)


async def post(service: Service, path: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30) as client:
        return await client.post(service.url + path)


@pytest.mark.process
async def test_a_reload_applies_a_valid_configuration_and_keeps_the_old_one_otherwise(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    first, second = (tmp_path / f"{name}.txt" for name in ("first", "second"))
    first.write_text("127.0.0.1\n")
    second.write_text("127.0.0.2\n")
    ports = [target.port for target in fleet.targets]
    config = tmp_path / "tlsprobe.yml"

    def write(file: Path, denied: int) -> None:
        source = {"type": "names", "name": "feed", "files": [str(file)], "ports": ports}
        deny = [f"127.0.0.1:{port}" for port in ports[:denied]]
        config.write_text(json.dumps({"discovery": [source], "deny": deny}))

    write(first, denied=0)
    with running(*arguments, "--config", config) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(len(ports))
        config.write_text("discovery: [{type: nowhere}]")
        refused = await post(service, "/-/reload")
        assert (refused.status_code, "line 1" in refused.text) == (400, True)
        metrics = (await service.get("/metrics")).text
        assert "tlsprobe_config_last_reload_successful 0.0" in metrics
        page = (await service.get("/metrics/endpoints")).text
        assert page.count("\ntlsprobe_up{") == len(ports)
        write(first, denied=2)
        process.send_signal(signal.SIGHUP)
        await service.wait_for(lambda event: event["event"] == "configuration reloaded")
        await service.wait_for(lambda event: event["event"] == "targets read")
        page = (await service.get("/metrics/endpoints")).text
        assert page.count("\ntlsprobe_up{") == len(ports) - 2
        write(second, denied=0)
        assert (await post(service, "/-/reload")).text == "reloaded\n"
        visit = await service.wait_for(lambda event: event["event"] == "visit finished")
        assert visit["endpoint"].startswith("127.0.0.2:")
        assert await service.stop() == 0


@pytest.mark.process
async def test_the_status_command_shows_sources_and_the_worst_endpoints(
    arguments: list[str], tmp_path: Path
) -> None:
    port = free_port()
    targets = tmp_path / "targets.yml"
    targets.write_text(f"- 127.0.0.1:{port}\n", encoding="utf-8")
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        await service.wait_for_visits(1)
        run = await asyncio.to_thread(tlsprobe, "status", "--url", service.url)
        said = await asyncio.to_thread(tlsprobe, "status", "--url", service.url, "--json")
        assert await service.stop() == 0
    assert run.returncode == 0
    assert f"failing    127.0.0.1:{port}@127.0.0.1: 1 time;" in run.stdout
    assert "targets.yml: 1 target" in run.stdout
    assert json.loads(said.stdout)["endpoints_failing"] == 1
    gone = await asyncio.to_thread(tlsprobe, "status", "--url", service.url)
    assert (gone.returncode, "no tlsprobe service answers" in gone.stderr) == (2, True)


@pytest.mark.process
async def test_a_denied_address_is_never_visited_whatever_name_resolves_to_it(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    allowed, denied = fleet.targets[:2]
    config = tmp_path / "tlsprobe.yml"
    targets = tmp_path / "targets.yml"
    targets.write_text(f"- localhost:{denied.port}\n- 127.0.0.1:{allowed.port}\n")
    config.write_text(f'targets_files: ["{targets}"]\ndeny: ["127.0.0.1:{denied.port}", "::/0"]\n')
    with running(*arguments, "--config", config) as process:
        service = Service(process)
        await service.start()
        (visit,) = await service.wait_for_visits(1)
        status = (await service.get("/-/status")).json()
        assert await service.stop() == 0
    assert visit["endpoint"] == f"127.0.0.1:{allowed.port}@127.0.0.1"
    assert status["endpoints"] == 1


@pytest.mark.process
async def test_the_log_follows_a_target_with_that_label(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path
) -> None:
    followed, other = fleet.targets[:2]
    targets = tmp_path / "targets.json"
    targets.write_text(
        json.dumps(
            [
                {"target": f"127.0.0.1:{followed.port}", "labels": {"log": "debug"}},
                {"target": f"127.0.0.1:{other.port}"},
            ]
        )
    )
    with running(*arguments, "--targets", targets) as process:
        service = Service(process)
        await service.start()
        asked: list[dict[str, Any]] = []

        def note(event: dict[str, Any]) -> bool:
            asked.extend([event] if event["event"] == "asking" else [])
            return bool(event["event"] == "visit finished")

        for _ in range(2):
            await service.wait_for(note)
        assert await service.stop() == 0
    assert {event["endpoint"] for event in asked} == {f"127.0.0.1:{followed.port}@127.0.0.1"}
    assert "protocol versions" in [event["about"] for event in asked]
