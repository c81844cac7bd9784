"""``tlsprobe doctor``: each part is in order, or the command says what to do."""

from __future__ import annotations

import json
import resource
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from service.config.load import load_settings
from service.doctor.database import clock_diagnosis
from service.doctor.diagnosis import Condition, Diagnosis
from service.doctor.examine import examine
from service.doctor.machine import examine_directory
from service.fleet.queue import Queue, Times
from storage import SqlStore
from tests.pki.revocation.servers import web_server
from tests.service.http.own_listener import Pki, Running, bcrypt_hash, running, token_settings
from tests.service.processes import tlsprobe
from tests.support.ports import free_port


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str) -> Path:
    path = Path("tlsprobe.yml")
    path.write_text(text)
    return path


def parts_of(text: str, *options: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """The parts of the JSON for this configuration, by name."""
    Path("tlsprobe.yml").write_text(f"listen: 127.0.0.1:{free_port()}\n{text}")
    run = tlsprobe("doctor", "--config", "tlsprobe.yml", "--json", *options)
    assert (run.returncode, run.stderr) == (code, "")
    return {one["name"]: one for one in json.loads(run.stdout)["parts"]}


async def examined(text: str, **options: Any) -> Mapping[str, Diagnosis]:
    settings = load_settings(written(text))
    return {one.name: one for one in await examine(settings, **options)}


def test_a_new_installation_has_no_fault_and_each_warning_has_a_fix() -> None:
    Path("targets.yml").write_text("- localhost:443\n- 127.0.0.1:443\n")
    parts = parts_of("targets_files: [targets.yml]\n")
    assert parts["database"]["condition"] == "warning"
    assert "tlsprobe db upgrade" in parts["database"]["fix"]
    assert parts["look-ups"]["found"] == "localhost: resolved"
    assert parts["state directory"]["details"]["free_bytes"] > 0
    assert all((one["condition"] == "ok") == (one["fix"] is None) for one in parts.values())


async def test_the_schema_of_the_database_is_shown() -> None:
    async with await SqlStore.open("sqlite:///tlsprobe.db"):
        pass
    parts = await examined("database: sqlite:///tlsprobe.db\n")
    assert parts["database"].condition is Condition.OK
    assert "schema 0" in parts["database"].found
    assert parts["clock"].condition is Condition.OK


def test_a_file_that_is_not_a_database_is_a_fault() -> None:
    Path("tlsprobe.db").write_text("not a database at all\n" * 100)
    parts = parts_of("database: sqlite:///tlsprobe.db\n", code=1)
    assert parts["database"]["condition"] == "failed"
    assert parts["database"]["fix"]


@pytest.mark.integration
async def test_a_server_confirms_the_clock_and_has_no_queue_of_workers_yet(
    postgresql_url: str,
) -> None:
    async with await SqlStore.open(postgresql_url):
        pass
    text = f"database: {json.dumps(postgresql_url)}\nworkers: {{enabled: true}}\n"
    parts = await examined(text)
    assert parts["database"].condition is Condition.OK
    assert parts["clock"].found == "agrees with the database's server within 5 s"
    assert parts["workers"].condition is Condition.WARNING
    async with Queue(postgresql_url, Times(dead_after=20.0)).open() as queue:
        await queue.prepare(may_remake=True)
    parts = await examined(text)
    assert parts["workers"].condition is Condition.FAILED
    assert parts["workers"].found == "0 workers, 0 jobs waiting"


@pytest.mark.parametrize(
    ("ahead", "condition", "found"),
    [
        (4.9, Condition.OK, "agrees with the server within 5 s"),
        (-4.9, Condition.OK, "agrees with the server within 5 s"),
        (30.0, Condition.WARNING, "is 30 s ahead of the server"),
        (-30.0, Condition.WARNING, "is 30 s behind the server"),
        (3600.0, Condition.FAILED, "is 3600 s ahead of the server"),
    ],
)
def test_a_clock_that_differs_by_a_minute_is_a_fault(
    ahead: float, condition: Condition, found: str
) -> None:
    diagnosis = clock_diagnosis(ahead, "the server")
    assert (diagnosis.condition, diagnosis.found) == (condition, found)


@pytest.mark.parametrize(
    ("hours", "condition"), [(0, Condition.OK), (-1, Condition.FAILED), (1, Condition.FAILED)]
)
async def test_the_clock_is_compared_with_the_date_of_a_web_server(
    hours: int, condition: Condition
) -> None:
    date = datetime.now(UTC) + timedelta(hours=hours)
    async with web_server({"/": b""}, headers={"Date": format_datetime(date, usegmt=True)}) as web:
        parts = await examined("", date_from=web.url("/"))
    assert parts["clock"].condition is condition


def test_a_directory_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    diagnosis = examine_directory("state directory", Path("/proc/tlsprobe/state"))
    assert diagnosis.condition is Condition.FAILED
    assert "/proc" in diagnosis.fix
    later = examine_directory("state directory", tmp_path / "a" / "b")
    assert (later.condition, "will be created" in later.found) == (Condition.OK, True)


def test_the_limit_of_open_files_is_compared_with_what_the_settings_need() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    part = parts_of("probe: {connections_open: 100000}\nhttp: {connections: 256}\n")["open files"]
    needed = part["details"]["needed"]
    assert needed > 100256
    is_enough = hard in (resource.RLIM_INFINITY, -1) or hard >= needed
    assert part["condition"] == ("ok" if is_enough else "warning")


def test_the_network_policy_is_shown_by_zone() -> None:
    text = """
deny: [10.9.0.0/16]
allow: [169.254.7.0/24]
egress:
  networks: [10.0.0.0/8]
  deny: ["10.0.0.5:102"]
  zones: {dmz: {networks: [192.0.2.0/24]}}
"""
    part = parts_of(text)["network policy"]
    assert part["found"] == (
        "10.0.0.0/8 open, 1 entry closed; zone dmz: 192.0.2.0/24 open; 1 entry never probed (deny)"
    )
    assert part["details"] == {
        "networks": ["10.0.0.0/8"],
        "deny": ["10.0.0.5:102"],
        "zones": {"dmz": {"networks": ["192.0.2.0/24"], "deny": []}},
        "never_probed": ["10.9.0.0/16"],
        "reserved_but_allowed": ["169.254.7.0/24"],
    }


def test_a_name_server_that_does_not_answer_or_may_not_be_asked_is_a_fault() -> None:
    server = f"127.0.0.1:{free_port()}"
    text = f"probe: {{dns_records: true, name_servers: ['{server}']}}\n"
    assert parts_of(text, code=1)["DNS records"]["condition"] == "failed"
    closed = parts_of(f"{text}egress: {{deny: [127.0.0.0/8]}}\n", code=1)["DNS records"]
    assert "(egress.deny)" in closed["found"]


@pytest.mark.parametrize(("lag", "condition"), [(2, Condition.OK), (120, Condition.WARNING)])
async def test_a_running_service_that_lags_is_a_warning(lag: int, condition: Condition) -> None:
    status = json.dumps({"lag_seconds": lag, "endpoints": 3, "version": "1"}).encode()
    async with web_server({"/-/status": status}) as web:
        part = (await examined(f"listen: 0.0.0.0:{web.port}\n"))["service"]
    assert part.condition is condition
    assert f"3 endpoints, a lag of {lag} s" in part.found


@pytest.mark.slow
@pytest.mark.parametrize("has_token", [True, False])
async def test_a_service_with_tls_and_tokens_is_asked_by_its_own_configuration(
    directory: Path, has_token: bool
) -> None:
    tokens = token_settings(directory) if has_token else {}
    http = {"web_config": str(Pki(directory).web_config()), "tokens": tokens}
    async with running(http) as listener:
        part = await service_part(listener, http)
        assert part.condition is Condition.OK
        assert part.found == f"https://localhost:{listener.port}: 3 endpoints, a lag of 1 s"


@pytest.mark.slow
async def test_a_self_signed_service_is_asked_and_no_pair_is_created_for_one_that_does_not_run(
    directory: Path,
) -> None:
    http = {"self_signed_directory": str(directory / "pair")}
    closed = json.dumps({"listen": f"127.0.0.1:{free_port()}", "http": http})
    assert "none answers at https://" in (await examined(closed))["service"].found
    assert not (directory / "pair").exists()
    async with running(http) as listener:
        assert "3 endpoints" in (await service_part(listener, http)).found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tls", "more", "says"),
    [
        (
            "  client_auth_type: RequireAnyClientCert\n",
            "",
            "clients need a certificate, and the configuration has none",
        ),
        (
            "",
            f"basic_auth_users: {{alice: {bcrypt_hash('correct horse')}}}\n",
            "clients need a password or a token, and the configuration has no token",
        ),
    ],
    ids=["certificate", "password"],
)
async def test_what_the_configuration_cannot_give_a_client_is_reported(
    directory: Path, tls: str, more: str, says: str
) -> None:
    http = {"web_config": str(Pki(directory).web_config(more, tls))}
    async with running(http) as listener:
        part = await service_part(listener, http)
    assert part.condition is Condition.OK
    assert says in part.found


@pytest.mark.slow
async def test_a_listener_with_another_certificate_or_without_tls_is_a_warning(
    directory: Path,
) -> None:
    pki = Pki(directory)
    http = {"web_config": str(pki.web_config())}
    async with running(http) as listener:
        assert (await service_part(listener, {})).condition is Condition.WARNING
    async with running({}) as listener:
        part = await service_part(listener, http)
        assert (part.condition, bool(part.fix)) == (Condition.WARNING, True)
    (directory / "other").mkdir()
    other = {"web_config": str(Pki(directory / "other").web_config())}
    async with running(other) as listener:
        part = await service_part(listener, http)
        assert part.condition is Condition.WARNING
        assert "certificate verify failed" in part.found.lower()


async def service_part(listener: Running, http: Mapping[str, Any]) -> Diagnosis:
    """What the doctor says of this listener by a configuration with this section ``http``."""
    text = json.dumps({"listen": f"localhost:{listener.port}", "http": http})
    return (await examined(text))["service"]


async def test_an_examination_that_gets_no_answer_ends_and_the_others_go_on() -> None:
    async with web_server({}) as web:
        parts = await examined("", date_from=web.url("/silence"), limit_seconds=0.5)
    assert parts["database"].found == "no answer within 0.5 s"
    assert parts["network policy"].condition is Condition.OK


def test_an_invalid_configuration_is_reported_as_by_other_commands() -> None:
    Path("tlsprobe.yml").write_text("egress: {networks: [10.0.0.0/33]}\n")
    run = tlsprobe("doctor", "--config", "tlsprobe.yml")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("tlsprobe: tlsprobe.yml, line 1: egress.networks")


def test_the_text_has_a_line_for_each_part_and_its_fix_below() -> None:
    run = tlsprobe("doctor")
    lines = run.stdout.splitlines()
    assert lines[0].split(maxsplit=2)[:2] == ["warning", "database"]
    assert lines[1].strip().startswith("fix: ")
