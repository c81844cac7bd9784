"""The audit log: each change over HTTP has an entry with who, what, before and after."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from exporters.reports import report_format
from exporters.reports.report import Report
from exporters.reports.report_json import report_from_json, report_to_json
from exporters.reports.verification import verify_report
from model.encoding.audit_json import audit_to_json
from model.query import AuditAction, AuditEntry
from model.safe_output.secret_text import SecretMask
from model.snapshot import Snapshot
from policy import PolicySet
from service.config.settings import ServiceSettings
from service.daemon.audit import changed_settings
from service.http.audit import audit_route
from service.http.guard.access import Access, Refusal
from service.http.guard.guard import Guard
from service.http.guard.principal import Method, Principal
from service.http.waivers import WaiverDesk, waiver_routes
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.report_builder import ReportScope, make_report
from service.setting_types.roles import Role
from storage import Retention, SqlStore
from tests.policy.observed import policy
from tests.service.processes import tlsprobe
from tests.service.samples import NOW

pytestmark = pytest.mark.slow

WAIVER: dict[str, Any] = {
    "name": "old-mail",
    "rule": "protocol_versions",
    "target": "mail.example:25",
    "reason": "the vendor updates in June",
    "owner": "mail",
    "expires": (NOW + timedelta(days=30)).date().isoformat(),
}
ALICE = Principal(name="alice", role=Role.OPERATOR, method=Method.PROXY, address="192.0.2.7")


async def as_alice(*_: object) -> Principal | Refusal:
    return ALICE


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tlsprobe.db'}"


@pytest.fixture
async def store(database: str) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(database) as opened:
        yield opened


@pytest.fixture
async def client(store: SqlStore) -> AsyncIterator[httpx.AsyncClient]:
    web = policy("web", {"protocol_versions": {"allowed": ["TLSv1.3"]}})
    evaluator = PolicyEvaluator(PolicySet(policies=(web,)))
    routes = (
        *waiver_routes(WaiverDesk(evaluator, store, lambda: NOW), lambda: ()),
        audit_route(store, lambda: NOW),
    )
    app = Guard(Starlette(routes=list(routes)), Access(authenticate=as_alice))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
        yield made


async def entries(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/audit")).json()["entries"]
    return found


async def test_a_waivers_life_is_recorded_with_the_value_before_and_after(
    client: httpx.AsyncClient,
) -> None:
    changed = {**WAIVER, "reason": "the vendor updates in July"}
    for body, status in ((WAIVER, 201), (changed, 200)):
        answer = await client.post("/api/waivers", json=body)
        assert answer.status_code == status, answer.text
    assert (await client.delete("/api/waivers/old-mail")).status_code == 204
    removed, second, first = await entries(client)
    who = {"actor": "alice", "method": "proxy", "role": "operator", "address": "192.0.2.7"}
    for entry in (first, second, removed):
        assert entry.items() >= {**who, "subject": "old-mail"}.items()
    assert [one["action"] for one in (first, second, removed)] == [
        "waiver_set",
        "waiver_set",
        "waiver_removed",
    ]
    assert (first["before"], first["after"]["reason"]) == (None, WAIVER["reason"])
    assert second["before"] == first["after"]
    assert second["after"]["reason"] == changed["reason"]
    assert (removed["before"], removed["after"]) == (second["after"], None)


async def test_what_changes_nothing_has_no_entry(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/waivers", json={**WAIVER, "rule": 5})).status_code == 400
    assert (await client.delete("/api/waivers/none")).status_code == 404
    assert await entries(client) == []


async def test_without_a_database_the_route_says_so(
    client: httpx.AsyncClient, database: str
) -> None:
    file = Path(database.removeprefix("sqlite:///"))
    await asyncio.to_thread(file.write_bytes, b"not a database" * 500)
    answer = await client.get("/api/audit")
    assert answer.status_code == 503
    assert "error" in answer.json()


def entry(**changes: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "at": NOW,
        "actor": "mallory\0\x1b[2J",
        "method": "password",
        "role": "admin",
        "address": None,
        "action": AuditAction.PROBE_REQUESTED,
        "subject": "a.example:443",
        "before": None,
        "after": {"x": "\0"},
    }
    return AuditEntry(**{**fields, **changes})


async def test_the_newest_entries_of_a_time_are_read(store: SqlStore) -> None:
    made = [entry(at=NOW + timedelta(days=day), subject=str(day)) for day in range(4)]
    for one in made:
        await store.audit(one)
    assert await store.audit_log() == made[::-1]
    assert await store.audit_log(limit=2) == [made[3], made[2]]
    since, until = NOW + timedelta(days=1), NOW + timedelta(days=2)
    assert await store.audit_log(since=since, until=until) == [made[2], made[1]]
    later = NOW + timedelta(days=Retention().audit_days + 1, hours=1)
    await store.prune(Retention(), later, is_clock_right=True)
    assert await store.audit_log() == made[:1:-1]


def test_the_command_lists_it_safely(database: str) -> None:
    async def fill() -> None:
        async with await SqlStore.open(database) as store:
            await store.audit(entry())

    asyncio.run(fill())
    shown = tlsprobe("audit", "--database", database, "--since", "2000-01-01")
    assert shown.returncode == 0
    first, after = shown.stdout.splitlines()
    assert "probe requested: a.example:443, by mallory" in first
    assert "\x1b" not in shown.stdout
    assert after.startswith("    after ")
    as_json = tlsprobe("audit", "--database", database, "--since", "2000-01-01", "--json")
    assert json.loads(as_json.stdout) == {"entries": [audit_to_json(entry())]}


async def test_a_report_shows_it_and_can_be_verified(store: SqlStore) -> None:
    await store.audit(entry(actor="alice"))
    await store.audit(entry(at=NOW + timedelta(days=1)))
    made = await make_report(store, Snapshot(taken_at=NOW, endpoints=()), ReportScope(), NOW)
    assert made.audit_log == (entry(actor="alice"),)
    for name in ("html", "markdown"):
        text = report_format(name).write(made)
        assert "alice (admin, by password)" in text
        data = report_format("json").write(made)
        assert verify_report(text, data).is_intact
    assert report_from_json(report_to_json(made)) == made


def test_reports_without_entries_keep_the_digest_of_earlier_versions() -> None:
    assert "audit_log" not in report_to_json(
        Report(generated_at=NOW, taken_at=NOW, tool_version="0.1.0")
    )


def test_a_reload_shows_the_changed_settings_without_secrets() -> None:
    before = ServiceSettings(contact="a@example.com", database="postgresql://u:s3cret-1@db/x")
    after = ServiceSettings(contact="b@example.com", database="postgresql://u:s3cret-2@db/x")
    mask = SecretMask(["s3cret-1", "s3cret-2"])
    old, new = changed_settings(before, after, mask)
    assert (old["contact"], new["contact"]) == ("a@example.com", "b@example.com")
    assert set(old) == set(new) == {"contact", "database"}
    assert "s3cret" not in json.dumps([old, new])
