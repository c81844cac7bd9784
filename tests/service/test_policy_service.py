"""``tlsprobe serve`` with policies, as a process of its own: judged, reloaded, shown by ``status``."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from service.demo import DemoFleet
from tests.service.delivery.waiting import until_holds
from tests.service.processes import running, tlsprobe
from tests.service.test_daemon import Service, post

pytestmark = pytest.mark.slow

POLICY = """\
policies:
  house:
    for: {labels: {team: web}}
    rules:
      protocol_versions: {allowed: [%s]}
  idle:
    extends: post-quantum-readiness
    for: {labels: {team: nobody}}
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    database = f"sqlite:///{tmp_path / 'tlsprobe.db'}"
    return ["serve", "--listen", "127.0.0.1:0", "--database", database]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yml"
    path.write_text(POLICY % "TLSv1.2, TLSv1.3")
    return path


def write_config(folder: Path, fleet: DemoFleet, policies: Path) -> Path:
    targets = folder / "targets.yml"
    modern = next(one for one in fleet.targets if one.server_name == "modern.demo.test")
    entry = {
        "target": f"{modern.host}:{modern.port}",
        "server_name": modern.server_name,
        "labels": {"team": "web"},
    }
    targets.write_text(json.dumps([entry]))
    config = folder / "tlsprobe.yml"
    config.write_text(json.dumps({"targets_files": [str(targets)], "policies": [str(policies)]}))
    return config


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def compliance(service: Service) -> Any:
    return (await service.get("/-/status")).json()["compliance"]


async def complies(service: Service, counts: dict[str, int]) -> bool:
    """Whether the status, which is as old as its making allows, counts the endpoints so."""
    return bool(await compliance(service) == {"house": counts})


@pytest.mark.process
async def test_policies_are_applied_and_reloaded_and_a_broken_file_keeps_the_last_good_ones(
    fleet: DemoFleet, arguments: list[str], tmp_path: Path, policies: Path
) -> None:
    config = write_config(tmp_path, fleet, policies)
    with running(*arguments, "--config", config) as process:
        service = Service(process)
        await service.start()
        idle = await service.wait_for(
            lambda event: event["event"] == "a policy matches no endpoint"
        )
        assert idle["reason"] == (
            f"{policies}, line 6: the policy idle applies to no endpoint: check its `for`"
        )
        await service.wait_for_visits(1)
        assert await compliance(service) == {"house": {"yes": 1, "no": 0, "unknown": 0}}
        write(policies, (POLICY % "TLSv1.3").replace("allowed", "alowed"))
        refused = await post(service, "/-/reload")
        assert refused.status_code == 400
        assert "line 5: protocol_versions has no parameter 'alowed'" in refused.text
        assert await compliance(service) == {"house": {"yes": 1, "no": 0, "unknown": 0}}
        write(policies, POLICY % "TLSv1.3")
        process.send_signal(signal.SIGHUP)
        await service.wait_for(lambda event: event["event"] == "configuration reloaded")
        await until_holds(lambda: complies(service, {"yes": 0, "no": 1, "unknown": 0}))
        run = await asyncio.to_thread(tlsprobe, "status", "--url", service.url)
        assert await service.stop() == 0
    assert "policy     house: 0 compliant, 1 not compliant, 0 unknown" in run.stdout
    assert "findings   1 high" in run.stdout


@pytest.mark.process
async def test_an_endpoint_that_a_policy_declares_is_a_finding_until_it_answers(
    arguments: list[str], tmp_path: Path, closed_port: int
) -> None:
    policies = tmp_path / "policies.yml"
    policies.write_text(
        "policies: {declared: {for: {labels: {data: sensitive}}, extends: mozilla-modern, "
        f"endpoints: ['127.0.0.1:{closed_port}']}}}}"
    )
    config = tmp_path / "tlsprobe.yml"
    config.write_text(json.dumps({"policies": [str(policies)]}))
    with running(*arguments, "--config", config) as process:
        service = Service(process)
        await service.start()
        visit = await service.wait_for(lambda event: event["event"] == "visit finished")
        status = (await service.get("/-/status")).json()
        assert await service.stop() == 0
    assert visit["endpoint"].startswith(f"127.0.0.1:{closed_port}")
    assert status["compliance"] == {"declared": {"yes": 0, "no": 0, "unknown": 1}}
    assert status["findings"]["unknown"] == 1


def test_an_unusable_policy_is_reported_at_startup(
    arguments: list[str], tmp_path: Path, policies: Path
) -> None:
    policies.write_text(POLICY % "TLSv1.4")
    config = tmp_path / "tlsprobe.yml"
    config.write_text(json.dumps({"policies": [str(policies)]}))
    run = tlsprobe(*arguments, "--config", config)
    assert run.returncode == 2
    assert "policies.yml, line 5: protocol_versions.allowed.0" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_missing_policy_file_is_reported_at_startup(arguments: list[str], tmp_path: Path) -> None:
    config = tmp_path / "tlsprobe.yml"
    config.write_text(json.dumps({"policies": ["/nowhere.yml"]}))
    run = tlsprobe(*arguments, "--config", config)
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "/nowhere.yml: cannot be read" in run.stderr
