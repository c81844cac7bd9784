"""Any Observation reads back from a database as it was stored."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from model.encoding.facts_digest import facts_digest
from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from storage import SqlStore
from storage.rows.body import decode_body, encode_body
from tests.storage.samples import bare, ders
from tests.support.postgresql import PostgresServer
from tests.support.strategies import observations

pytestmark = pytest.mark.slow


@given(observation=observations())
@settings(deadline=None, max_examples=50)
def test_body_is_the_observation(observation: Observation) -> None:
    restored = decode_body(encode_body(observation), ders(observation))
    assert restored == observation
    assert facts_digest(restored) == facts_digest(observation)


@given(observation=observations())
@settings(deadline=None, max_examples=25)
def test_an_observation_is_restored_from_sqlite(
    sqlite_with_tables: Path, observation: Observation
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = shutil.copy(sqlite_with_tables, directory)
        asyncio.run(_record_and_compare(f"sqlite:///{file}", observation))


@pytest.mark.integration
@given(observation=observations())
@settings(deadline=None, max_examples=25)
def test_an_observation_is_restored_from_postgresql(
    postgresql: PostgresServer, postgresql_with_tables: str, observation: Observation
) -> None:
    with postgresql.database(postgresql_with_tables) as url:
        asyncio.run(_record_and_compare(url, observation))


async def _record_and_compare(url: str, observation: Observation) -> None:
    schedule = Schedule(
        endpoint_key=observation.endpoint.key,
        due_at=observation.started_at + timedelta(seconds=60),
        interval_seconds=60.0,
        consecutive_failures=0,
    )
    async with await SqlStore.open(url) as store:
        await store.record(observation, schedule)
    async with await SqlStore.open(url) as store:
        (status,) = await store.statuses()
        assert status.observation == bare(observation)
        assert status.observation.endpoint.target.source == observation.endpoint.target.source
        assert await store.observations(observation.endpoint.key) == [observation]
        assert await store.schedules() == [schedule]
        for deployment in observation.certificates:
            for certificate in deployment.chain:
                assert await store.certificate(certificate.sha256) == certificate.der
