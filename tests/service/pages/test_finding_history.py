"""The history of one finding: every opening with its evidence, and who waived it until when."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from model.endpoint_state import Visit
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Assessment, RuleResult
from model.query import AuditAction, AuditEntry
from storage import SqlStore
from tests.exporters.reports.samples import POLICY, result
from tests.exporters.reports.samples import status as judged
from tests.service.pages.samples import app_of
from tests.service.samples import NOW, legacy

FINDING: Mapping[str, str] = {
    "target": "old.example:443",
    "address": "192.0.2.1",
    "policy": "intermediate",
    "rule": "protocol_versions",
}
WAIVER: Mapping[str, Any] = {
    "name": "until-may",
    "rule": "protocol_versions",
    "policy": None,
    "target": "old.example:443",
    "labels": {},
    "reason": "replaced in May",
    "owner": "anna",
    "expires_at": "2026-06-01T00:00:00Z",
}


def visit(at: datetime, *results: RuleResult) -> Visit:
    seen = replace(legacy(), started_at=at)
    key = seen.endpoint.key
    return Visit(
        observation=seen,
        schedule=Schedule(
            endpoint_key=key, due_at=at, interval_seconds=3600, consecutive_failures=0
        ),
        assessment=Assessment(
            endpoint_key=key,
            assessed_at=at,
            policies={POLICY.name: POLICY.digest},
            results=results,
        ),
    )


def entry(action: AuditAction, at: datetime, actor: str, **changed: object) -> AuditEntry:
    fields = {**WAIVER, **changed}
    is_set = action is AuditAction.WAIVER_SET
    return AuditEntry(
        at=at,
        actor=actor,
        method="token",
        role="operator",
        address=None,
        action=action,
        subject="until-may",
        before=None if is_set else fields,
        after=fields if is_set else None,
    )


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """Open for ten days, resolved, open again for ten days, and waived in the meantime."""
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as made:
        await made.record_visit(visit(days_ago(40), result(observed="SSL 3.0 accepted")))
        await made.audit(entry(AuditAction.WAIVER_SET, days_ago(38), "anna"))
        await made.audit(
            entry(AuditAction.WAIVER_SET, days_ago(37), "mallory", target="other.example:443")
        )
        await made.audit(entry(AuditAction.WAIVER_REMOVED, days_ago(35), "bob"))
        await made.record_visit(visit(days_ago(30)))
        await made.record_visit(visit(days_ago(10), result()))
        yield made


async def page(store: SqlStore, *results: RuleResult, **changed: str) -> httpx.Response:
    transport = httpx.ASGITransport(app_of(store, [judged(legacy(), *results)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get("/finding", params={**FINDING, **changed})


async def test_all_that_happened_is_there_newest_first(store: SqlStore) -> None:
    text = (await page(store, result())).text
    events = re.findall(r"<li><b[^>]*>([^<]*)</b> · <time datetime=\"(\d+-\d+-\d+)", text)
    assert events == [
        ("Opened again", f"{days_ago(10):%Y-%m-%d}"),
        ("Resolved", f"{days_ago(30):%Y-%m-%d}"),
        ("Waiver until-may ended by bob", f"{days_ago(35):%Y-%m-%d}"),
        ("Waived by anna until 2026-05-31", f"{days_ago(38):%Y-%m-%d}"),
        ("Opened", f"{days_ago(40):%Y-%m-%d}"),
    ]
    assert "replaced in May" in text
    assert "mallory" not in text


async def test_each_opening_has_its_own_evidence(store: SqlStore) -> None:
    text = (await page(store, result())).text
    assert text.count("an alert") == 2
    assert "SSL 3.0 accepted" in text
    assert "/evidence?target=old.example%3A443&amp;address=192.0.2.1&amp;fact=TP-TLS-001" in text


async def test_a_resolved_finding_keeps_its_page(store: SqlStore) -> None:
    await store.record_visit(visit(days_ago(1)))
    text = (await page(store)).text
    assert '<span class="badge good">resolved</span>' in text
    assert text.index("Resolved</b>") < text.index("Opened again</b>")
    assert "/evidence?" not in text
    assert "/waive?" not in text


async def test_a_finding_that_never_was_has_no_page(store: SqlStore) -> None:
    for changed in ({"rule": "trusted"}, {"policy": "strict"}, {"target": "none"}):
        answer = await page(store, result(), **changed)
        assert (answer.status_code, "There is no such finding" in answer.text) == (404, True)


async def test_without_the_database_the_page_says_why(store: SqlStore, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "kept.db")) as database:
        database.execute("DROP TABLE findings")
    answer = await page(store, result())
    assert answer.status_code == 200
    assert "the database" in answer.text
    assert "TLS 1.0 accepted" in answer.text
