"""Databases of every schema: rows in ``released/REVISION.jsonl``, written by the code of that time.

``python -m tests.storage.released_database FILE`` writes the rows of the newest schema, for the file of a new
revision.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command

from model.comparisons.attribution import RecordedCall, TrailEvent
from model.encoding.finding_json import waiver_to_json
from model.encoding.observation_json import target_to_json
from model.findings.alert import Alert, AlertKind
from model.findings.finding import Outcome, Severity, Waiver
from model.query import AuditAction, AuditEntry, ServiceEvent
from model.records.fleet_count import FleetCount
from model.records.probe_record import ProbeRecord, ProbeResult, ProbeState
from model.target import Target
from storage import Retention, SqlStore
from storage.database import connect
from storage.migrations.scripts import migration_config
from tests.storage.samples import INTERVAL, NOON, certificate, observation, refusal, schedule
from tests.storage.test_findings import assessment, result
from tests.support.claims import LINE

RELEASED: Final = Path(__file__).with_name("released")

ISSUER: Final = certificate(b"issuer")
VISITS: Final = tuple(
    observation(
        hour=hour,
        suites=[f"SUITE_{hour}"],
        chain=[certificate(f"leaf {hour}".encode()), ISSUER],
    )
    for hour in range(3)
)
"""What each database contains about a.example, oldest visit first."""

OUTCOMES: Final = (Outcome.FAIL, Outcome.PASS, Outcome.FAIL)
FAILED: Final = refusal("b.example")
EVENT: Final = ServiceEvent(at=NOON, kind="started", sentence="version 0.1")
WAIVER: Final = Waiver(name="w", rule="r", reason="why", owner="me", expires_at=NOON + INTERVAL)
ENTRY: Final = AuditEntry(
    at=NOON,
    actor="alice",
    method="password",
    role="operator",
    address="192.0.2.7",
    action=AuditAction.WAIVER_SET,
    subject="w",
    before=None,
    after=waiver_to_json(WAIVER),
)
TARGET: Final = Target(
    host="shop.example", port=8443, server_name="shop.example", labels={"team": "shop"}
)
ADDED: Final = replace(
    ENTRY, action=AuditAction.TARGET_ADDED, subject=TARGET.key, after=target_to_json(TARGET)
)
PROBE: Final = ProbeResult(
    record=ProbeRecord(
        id="0123456789abcdef" * 2,
        target="a.example:443",
        module="default",
        checks=("versions", "suites"),
        by="alice",
        state=ProbeState.DONE,
        created_at=NOON,
        ended_at=NOON + INTERVAL,
        failure=None,
        addresses=1,
    ),
    observations=(VISITS[0],),
)
COUNT: Final = FleetCount(
    at=NOON, answering=3, versions={"TLSv1.3": 2}, weakest={"secure": 3}, post_quantum=1
)
REPORTED: Final = TrailEvent(
    account="123456789012",
    resources=("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2",),
    call=RecordedCall(
        name="ModifyListener",
        at=NOON,
        event_id="5d5e2f4a-0000-4000-8000-000000000001",
        principal="arn:aws:iam::123456789012:user/alice",
        source_address="192.0.2.1",
    ),
)
ALERT: Final = Alert(
    kind=AlertKind.FINDING,
    target="a.example:443",
    severity=Severity.HIGH,
    violation="Not met: Only TLS 1.2 and 1.3 may be spoken.",
    requirement="Only TLS 1.2 and 1.3 may be spoken.",
    observed="TLSv1.0",
    required="TLSv1.2",
    since=NOON,
)


def load(
    url: str, revision: str, more: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> None:
    """Make the database of ``revision`` at ``url``, with the rows of its file and ``more`` by table; blocks."""
    config = migration_config()
    lines = (RELEASED / f"{revision}.jsonl").read_text().splitlines()
    with connect(url, busy_timeout_seconds=5.0).writing_in_thread() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        tables = sa.MetaData()
        tables.reflect(connection)
        for line in lines:
            name, values = json.loads(line)
            table = tables.tables[name]
            row = {key: _decoded(table.columns[key], value) for key, value in values.items()}
            connection.execute(table.insert().values(row))
        for name, rows in (more or {}).items():
            connection.execute(tables.tables[name].insert(), rows)
        if connection.dialect.name == "postgresql":
            _go_on_counting(connection, tables)


def _decoded(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(value)
    return (
        datetime.fromisoformat(value).replace(tzinfo=UTC)
        if isinstance(column.type, sa.DateTime)
        else value
    )


def _go_on_counting(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Set the next id of each table after those of its rows, as if PostgreSQL had assigned them itself."""
    for name, table in tables.tables.items():
        if "id" in table.columns:
            sequence = sa.func.pg_get_serial_sequence(name, "id")
            connection.execute(
                sa.select(sa.func.setval(sequence, sa.func.max(table.columns["id"])))
            )


async def _fill(url: str) -> None:
    async with await SqlStore.open(url) as store:
        for visit, outcome in zip(VISITS, OUTCOMES, strict=True):
            judged = assessment(visit, [result(outcome=outcome)])
            await store.record(visit, schedule(visit), judged)
        await store.record(FAILED, schedule(FAILED, failures=1))
        await store.note(EVENT)
        await store.put_waiver(WAIVER)
        await store.put_reported_alerts("chat", [ALERT])
        await store.audit(ENTRY)
        await store.change_api_target(TARGET.key, lambda _: (TARGET, ADDED))
        await store.put_resource_claims([LINE])
        await store.put_probe(PROBE)
        await store.put_fleet_count(COUNT)
        await store.put_trail_events([REPORTED], most=9)
        await store.prune(Retention(), NOON + 3 * INTERVAL)


def _rows(url: str) -> list[str]:
    engine, tables = sa.create_engine(url), sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        return [
            json.dumps(
                [
                    table.name,
                    {key: _encoded(value) for key, value in row.items() if value is not None},
                ]
            )
            for table in tables.sorted_tables
            if table.name != "alembic_version"
            for row in connection.execute(
                table.select().order_by(*table.primary_key.columns)
            ).mappings()
        ]


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, datetime) else value


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        made = f"sqlite:///{directory}/store.db"
        asyncio.run(_fill(made))
        Path(sys.argv[1]).write_text("".join(f"{row}\n" for row in _rows(made)))
