"""Ten thousand endpoints: each page stays small, and its number of SQL statements does not grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from exporters.pages.overview.page import past_moments
from model.query import ComplianceCount
from model.snapshot import EndpointStatus
from model.verdict import Verdict
from storage import SqlStore
from storage.database import connect
from storage.rows.tables import ChangeRow, ComplianceRow, EndpointRow, PolicyRow, TargetRow
from tests.exporters.reports.samples import POLICY, finding, result
from tests.service.pages.samples import app_of, status
from tests.service.samples import NOW, certificate, deployment, modern
from tests.storage.statements import selects, statements

pytestmark = pytest.mark.slow

ENDPOINTS: Final = 10_000
COMPLIANT_SINCE: Final = NOW - timedelta(weeks=4)
"""From then on all are compliant, before that none is."""

STATEMENTS: Final = {
    "/": 3,
    "/endpoints": 0,
    "/endpoints?q=h99&expires=90&sort=expiry&page=2": 0,
    "/endpoint?target=h1.example:443": 2,
    "/evidence?target=h1.example:443&fact=alpn": 2,
    "/findings": 0,
    "/findings?by=endpoint": 0,
    "/certificates": 0,
    "/changes": 1,
    "/finding?target=h1.example:443&policy=intermediate&rule=protocol_versions": 2,
    "/policies": 0,
    "/post-quantum": 1,
    "/policies/diff?first=intermediate&second=strict": 0,
    "/reports": 0,
    "/probes": 1,
    "/service": 1,
}
MOST_BYTES: Final = 35_000
"""As sent, compressed; the stylesheet and htmx are 21,000 more, once."""

MOST_ROWS: Final = 201
"""Of the longest table, the changes, with its head."""


def fleet() -> list[EndpointStatus]:
    one = modern()
    made = []
    for number in range(ENDPOINTS):
        target = replace(
            one.endpoint.target, host=f"h{number}.example", server_name=f"h{number}.example"
        )
        leaf = replace(certificate(f"CN=h{number}.example"), sha256=f"{number:064x}")
        seen = replace(
            one,
            endpoint=replace(one.endpoint, target=target),
            certificates=(deployment(leaf=leaf),),
        )
        found = finding(seen, result())
        made.append(replace(status(seen), findings=(found,), compliance={POLICY.name: Verdict.NO}))
    return made


async def fill(connection: AsyncConnection) -> None:
    """A target, a change and two periods of compliance for each endpoint."""
    numbers = range(1, ENDPOINTS + 1)
    await connection.execute(
        insert(TargetRow),
        [
            {
                "id": number,
                "key": f"h{number}.example:443",
                "host": f"h{number}.example",
                "port": 443,
                "server_name": None,
                "protocol": "tls",
                "labels": {},
                "source": "file",
            }
            for number in numbers
        ],
    )
    await connection.execute(
        insert(EndpointRow),
        [
            {
                "id": number,
                "key": f"h{number}.example:443@192.0.2.1",
                "target_id": number,
                "address": "192.0.2.1",
            }
            for number in numbers
        ],
    )
    await connection.execute(
        insert(ChangeRow),
        [
            {
                "endpoint_id": number,
                "at": NOW - timedelta(minutes=number),
                "fact": "alpn",
                "kind": "changed",
                "before": "h2",
                "after": "http/1.1",
                "sentence": "h2 vanished",
            }
            for number in numbers
        ],
    )
    await connection.execute(
        insert(PolicyRow), [{"id": 1, "name": POLICY.name, "digest": POLICY.digest}]
    )
    await connection.execute(insert(ComplianceRow), periods(numbers))


def periods(numbers: Sequence[int]) -> list[dict[str, object]]:
    began = NOW - timedelta(weeks=30)
    spans = ((Verdict.NO, began, COMPLIANT_SINCE), (Verdict.YES, COMPLIANT_SINCE, None))
    return [
        {
            "endpoint_id": number,
            "policy_id": 1,
            "verdict": verdict.value,
            "from_at": from_at,
            "until_at": until_at,
        }
        for number in numbers
        for verdict, from_at, until_at in spans
    ]


async def test_pages_of_a_large_fleet_are_small_and_need_few_statements(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    async with await SqlStore.open(url):
        pass
    database = connect(url, busy_timeout_seconds=5.0)
    async with database.writing() as connection:
        await fill(connection)
    async with SqlStore(database) as store:
        transport = httpx.ASGITransport(app_of(store, fleet()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for path, count in STATEMENTS.items():
                with statements() as executed:
                    answer = await client.get(path)
                assert answer.status_code == 200, answer.text
                assert selects(executed) == count, path
                assert int(answer.headers["content-length"]) < MOST_BYTES, path
                assert answer.text.count("<tr>") <= MOST_ROWS, path
        moments = past_moments(NOW)
        with statements() as executed:
            counts = await store.compliance_counts(moments)
    assert selects(executed) == 1
    assert sorted(counts, key=lambda one: one.at) == [
        ComplianceCount(
            at=at,
            policy=POLICY.name,
            verdict=Verdict.YES if at >= COMPLIANT_SINCE else Verdict.NO,
            endpoints=ENDPOINTS,
        )
        for at in moments
    ]
