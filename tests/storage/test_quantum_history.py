"""When post-quantum key exchange was first proved, and when it was lost again, from what is stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest
from alembic import command

from model.judging.quantum import QuantumHistory
from model.observation import Observation
from model.query import Selection
from model.verdict import Fact, Verdict
from storage import Retention, SqlStore, open_reader
from storage.database import connect
from storage.migrations.scripts import migration_config
from tests.storage.samples import INTERVAL, NOON, observation, refusal, schedule
from tests.storage.statements import selects, statements

KEY = observation().endpoint.key
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def visit(hour: int, verdict: Verdict | None, host: str = "a.example") -> Observation:
    """A visit that proved, disproved or did not learn it; without a verdict, it found no TLS."""
    if verdict is None:
        return refusal(host, hour=hour)
    fact = Fact(verdict=verdict, value="X25519MLKEM768" if verdict is YES else None)
    return replace(observation(host, hour=hour), features={"post_quantum_handshake": fact})


def at(hour: int) -> datetime:
    return NOON + hour * INTERVAL


async def record(store: SqlStore, *visits: Observation) -> None:
    for one in visits:
        await store.record(one, schedule(one))


@pytest.mark.parametrize(
    ("verdicts", "first", "lost"),
    [
        ([NO, NO], None, None),
        ([YES, YES], 0, None),
        ([NO, YES, YES], 1, None),
        ([YES, NO, NO], 0, 1),
        # Neither silence nor a visit that did not learn it is a loss.
        ([YES, None, UNKNOWN], 0, None),
        ([YES, UNKNOWN, NO], 0, 2),
        # It came back, and was lost once more.
        ([YES, NO, YES], 0, None),
        ([YES, NO, YES, None, NO, NO], 0, 4),
    ],
)
async def test_the_first_proof_and_the_first_loss_after_the_newest_one(
    url: str, verdicts: list[Verdict | None], first: int | None, lost: int | None
) -> None:
    async with await SqlStore.open(url) as store:
        await record(store, *(visit(hour, one) for hour, one in enumerate(verdicts)))
        found = await store.quantum_history()
    expected = QuantumHistory(
        first_proved_at=None if first is None else at(first),
        lost_at=None if lost is None else at(lost),
    )
    assert found == ({} if first is None else {KEY: expected})


async def test_it_is_known_as_of_any_time_and_for_some_endpoints(url: str) -> None:
    async with await SqlStore.open(url) as store:
        await record(store, visit(1, YES), visit(3, NO), visit(2, YES, "b.example"))
        assert await store.quantum_history(until=at(0)) == {}
        then = await store.quantum_history(Selection(place="a.example"), at(2))
        assert then == {KEY: QuantumHistory(first_proved_at=at(1))}
        now = await store.quantum_history(Selection(labels={"team": "web"}))
        assert now[KEY] == QuantumHistory(first_proved_at=at(1), lost_at=at(3))
        assert len(now) == 2
        assert await store.quantum_history(Selection(labels={"team": "none"})) == {}


async def test_the_first_proof_of_facts_that_are_still_true_outlives_their_periods(
    url: str,
) -> None:
    """Retention deletes the periods; the facts have the time at which they were first seen."""
    async with await SqlStore.open(url) as store:
        await record(store, visit(0, YES), visit(1, None), visit(2, YES))
        await store.prune(Retention(history_days=1), at(40))
        assert await store.quantum_history() == {KEY: QuantumHistory(first_proved_at=at(0))}


async def test_an_upgrade_learns_it_from_the_facts_that_are_stored(url: str) -> None:
    async with await SqlStore.open(url) as store:
        await record(store, visit(0, NO), visit(1, YES), visit(2, NO))
    database = connect(url, busy_timeout_seconds=5.0)

    def downgrade_and_upgrade() -> None:
        config = migration_config()
        with database.writing_in_thread() as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, "0013")
            command.upgrade(config, "head")

    await asyncio.to_thread(downgrade_and_upgrade)
    await database.close()
    async with await open_reader(url) as reader:
        expected = QuantumHistory(first_proved_at=at(1), lost_at=at(2))
        assert await reader.quantum_history() == {KEY: expected}


async def test_a_fleet_takes_one_statement(url: str) -> None:
    async with await SqlStore.open(url) as store:
        await record(store, *(visit(0, YES, f"{number}.example") for number in range(30)))
    async with await open_reader(url) as reader:
        with statements() as executed:
            assert len(await reader.quantum_history()) == 30
    assert selects(executed) == 1
