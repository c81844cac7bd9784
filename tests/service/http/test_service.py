"""The service as a process: who may change its state, by token or by address, and which host names it accepts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from service.demo import DemoFleet
from tests.service.processes import running, tlsprobe
from tests.service.test_daemon import Service, write_targets
from tests.support.plain_http import TRUSTS_NO_CA

TOKEN = "0123456789abcdef"
CHANGES = ("/-/reload", "/-/enumerate")


@pytest.fixture
def config(tmp_path: Path, fleet: DemoFleet) -> Path:
    targets = write_targets(tmp_path / "targets.json", fleet)
    path = tmp_path / "tlsprobe.yml"
    path.write_text(
        f"targets_files: ['{targets}']\n"
        f"database: sqlite:///{tmp_path / 'tlsprobe.db'}\n"
        "log_format: json\n"
        "http: {allowed_hosts: [probe.example]}\n"
    )
    return path


async def post(url: str, path: str, **headers: str) -> int:
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30, trust_env=False) as client:
        return (await client.post(url + path, headers=headers)).status_code


@pytest.mark.process
async def test_a_token_is_required_if_one_is_set(config: Path) -> None:
    changes = {"TLSPROBE_HTTP__ADMIN_TOKEN_VARIABLE": "ADMIN", "ADMIN": TOKEN}
    arguments = ("serve", "--config", config, "--listen", "127.0.0.1:0")
    with running(*arguments, changes=changes) as process:
        service = Service(process)
        await service.start()
        await service.wait_for(lambda event: event["event"] == "targets read")
        for path in CHANGES:
            assert await post(service.url, path) == 401
            assert await post(service.url, path, authorization="Bearer wrong-wrong-wrong") == 401
            given = await post(service.url, path, authorization=f"Bearer {TOKEN}")
            assert given in {200, 202}
        assert await service.stop() == 0


@pytest.mark.process
async def test_listening_on_all_addresses_must_be_allowed_and_allows_no_changes(
    config: Path,
) -> None:
    everywhere = ("serve", "--config", config, "--listen", "0.0.0.0:0")
    refused = tlsprobe(*everywhere)
    assert refused.returncode == 2
    assert "--allow-unauthenticated" in refused.stderr
    with running(*everywhere, "--allow-unauthenticated") as process:
        service = Service(process)
        await service.start()
        assert [await post(service.url, path) for path in CHANGES] == [403, 403]
        assert (await service.get("/")).status_code == 200
        assert await service.stop() == 0


@pytest.mark.process
async def test_the_service_answers_only_to_its_configured_names(config: Path) -> None:
    with running("serve", "--config", config, "--listen", "127.0.0.1:0") as process:
        service = Service(process)
        await service.start()
        codes = []
        async with httpx.AsyncClient(verify=TRUSTS_NO_CA, timeout=30, trust_env=False) as client:
            for host in ("probe.example", "localhost", "evil.example"):
                answer = await client.get(f"{service.url}/-/status", headers={"host": host})
                codes.append(answer.status_code)
        assert codes == [200, 200, 421]
        assert await service.stop() == 0


def test_an_invalid_token_is_reported_at_startup(config: Path) -> None:
    run = tlsprobe("serve", "--config", config, changes={"TLSPROBE_HTTP__ADMIN": "open"})
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "TLSPROBE_HTTP__ADMIN" in run.stderr
