"""A read of several statements sees one state of the database, whatever is deleted between them.

Each read is interrupted after its first statement: another connection then prunes everything that it can.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.findings.finding import Outcome
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.query import EVERYWHERE, Page, Selection
from model.verdict import Evidence, Fact, Verdict
from storage import Retention, SqlStore, open_reader
from storage.database import Database, connect_for_reading
from storage.reading.findings import read_findings, read_resolved_findings
from storage.reading.history import read_history
from storage.reading.newer_statuses import read_newer_part
from storage.reading.observations import read_latest, read_observations
from storage.reading.pages import read_page
from storage.reading.past import read_snapshot_at
from storage.reading.statuses import StatusReader
from storage.rows.tables import ObservationRow, StatusRow
from tests.storage.samples import INTERVAL, NOON, certificate, observation, schedule
from tests.storage.test_findings import assessment, result

pytestmark = pytest.mark.slow

HOSTS = ("a.example", "b.example")
KEY = observation(HOSTS[0]).endpoint.key
NOTHING = Retention(
    evidence_days=0.0,
    history_days=0.0,
    changes_days=0.0,
    findings_days=0.0,
    events_days=0.0,
    endpoints_days=0.0,
)
LATER = NOON + timedelta(days=30)

Read = Callable[[AsyncConnection], Awaitable[Any]]
READS: dict[str, Read] = {
    "statuses": lambda connection: StatusReader(KnownParts()).read(connection),
    "statuses of some": lambda connection: StatusReader(KnownParts()).read_some(
        connection, Selection(keys=frozenset([KEY]))
    ),
    "part of all statuses": lambda connection: read_newer_part(
        connection, 0, lambda _: None, KnownParts(), 10
    ),
    "page": lambda connection: read_page(connection, EVERYWHERE, 10, None),
    "history": lambda connection: read_history(connection, EVERYWHERE, 10),
    "latest": lambda connection: read_latest(connection, KEY),
    "observations": lambda connection: read_observations(connection, KEY, 10),
    "findings": lambda connection: read_findings(connection, EVERYWHERE, with_resolved=True),
    "resolved findings": lambda connection: read_resolved_findings(connection, EVERYWHERE),
    "snapshot": lambda connection: read_snapshot_at(connection, NOON + 3 * INTERVAL, EVERYWHERE),
}


@pytest.fixture
async def filled(url_with_tables: str) -> str:
    """Two endpoints whose facts changed, with findings that appeared and vanished."""
    async with await SqlStore.open(url_with_tables) as store:
        for host in HOSTS:
            for hour, outcome in enumerate((Outcome.FAIL, Outcome.PASS, Outcome.FAIL)):
                visit = _visit(host, hour)
                judged = assessment(visit, [result(outcome=outcome)])
                await store.record(visit, schedule(visit), judged)
    return url_with_tables


def _visit(host: str, hour: int) -> Observation:
    """A visit whose proof contains the served certificate, so that reading it back needs both."""
    leaf = replace(certificate(f"{host} {hour}".encode()), not_after=LATER)
    visit = observation(host, hour=hour, suites=[f"SUITE_{hour}"], chain=[leaf])
    proof = Evidence(offer=b"\x16\x03\x01", answer=leaf.der, note=f"at hour {hour}")
    protocols = {ProtocolVersion.TLSV1_3: Fact(verdict=Verdict.YES, evidence=proof)}
    return replace(visit, protocols=protocols)


async def prune_all(url: str) -> None:
    async with await SqlStore.open(url) as store:
        pruned = await store.prune(NOTHING, LATER, is_clock_right=True)
    assert pruned.counts["endpoints"] == len(HOSTS)


def prune_after_first_statement(connection: AsyncConnection, url: str) -> None:
    """Prunes everything after the next statement of ``connection``, and before the one that follows."""

    def prune(*_: object) -> None:
        # The statement's greenlet waits here, and blocks the event loop: nothing is read meanwhile.
        other = threading.Thread(target=partial(asyncio.run, prune_all(url)))
        other.start()
        other.join()

    event.listen(connection.sync_connection, "after_cursor_execute", prune, once=True)


@pytest.fixture
async def database(filled: str) -> AsyncIterator[Database]:
    found = connect_for_reading(filled, busy_timeout_seconds=5.0)
    yield found
    await found.close()


@pytest.mark.parametrize("name", READS)
async def test_a_read_does_not_see_what_is_pruned_between_its_statements(
    name: str, filled: str, database: Database
) -> None:
    read = READS[name]
    async with database.reading() as connection:
        before = await read(connection)
    assert before != Page(endpoints=(), end=None)
    assert before, "there is something to prune"
    async with database.reading() as connection:
        prune_after_first_statement(connection, filled)
        assert await read(connection) == before
    async with await open_reader(filled) as reader:
        assert await reader.statuses() == [], "it was pruned indeed"


async def test_two_reads_of_one_transaction_see_one_state(filled: str, database: Database) -> None:
    async with database.reading() as connection:
        endpoints = (await connection.scalars(select(StatusRow.observation_id))).all()
        await prune_all(filled)
        observations = (await connection.scalars(select(ObservationRow.id))).all()
    assert len(endpoints) == len(HOSTS)
    assert set(endpoints) <= set(observations)


async def test_a_transaction_of_a_thread_sees_one_state(filled: str, database: Database) -> None:
    def read() -> tuple[list[int], list[int]]:
        with database.reading_in_thread() as connection:
            endpoints = list(connection.scalars(select(StatusRow.observation_id)))
            asyncio.run(prune_all(filled))
            return endpoints, list(connection.scalars(select(ObservationRow.id)))

    endpoints, observations = await asyncio.to_thread(read)
    assert len(endpoints) == len(HOSTS)
    assert set(endpoints) <= set(observations)
