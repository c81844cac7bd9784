"""A clock that jumps deletes nothing that a correct clock would not, and is trusted again as time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage import Pruned, Retention, SqlStore
from tests.storage.samples import NOON, observation, schedule

pytestmark = pytest.mark.slow

DAY, YEAR = timedelta(days=1), timedelta(days=365)
SHORT = Retention(evidence_days=7, history_days=30, changes_days=30, endpoints_days=30)


async def fill(store: SqlStore, days: int = 10) -> None:
    """An endpoint that changed on each of the days up to noon, and one that did not."""
    for day in range(days):
        visit = observation(hour=24 * (day - days + 1), suites=[f"SUITE_{day}"])
        await store.record(visit, schedule(visit))
    still = observation("still.example", hour=24 * (1 - days))
    await store.record(still, schedule(still))


def deleted(pruned: Pruned) -> int:
    return sum(pruned.counts.values())


async def prune_daily(store: SqlStore, clock: datetime, days: int) -> list[Pruned]:
    return [await store.prune(SHORT, clock + number * DAY, DAY) for number in range(days)]


async def test_a_clock_that_is_right_deletes_as_it_is_configured(store: SqlStore) -> None:
    await fill(store)
    (first, *others) = await prune_daily(store, NOON, 3)
    assert first.counts["evidence"] == 2  # of the ten days, slightly over seven remain
    assert [one.time.held_back for one in (first, *others)] == [timedelta()] * 3


@pytest.mark.parametrize("has_pruned_before", [True, False])
async def test_a_jump_of_a_year_deletes_nothing(store: SqlStore, has_pruned_before: bool) -> None:
    await fill(store)
    if has_pruned_before:
        await store.prune(SHORT, NOON, DAY)
    pruned = await store.prune(SHORT, NOON + YEAR, DAY)
    assert pruned.time.held_back == YEAR - 2 * DAY
    assert pruned.counts["endpoints"] == 0
    assert pruned.counts["visits"] == 0
    assert len(await store.statuses()) == 2
    assert len(await store.observations(observation().endpoint.key)) == 10


async def test_visits_dated_by_a_wrong_clock_do_not_confirm_it(
    store: SqlStore, url_with_tables: str
) -> None:
    await fill(store)
    await store.prune(SHORT, NOON, DAY)
    future = observation(hour=24 * 365, suites=["SUITE_9"])
    await store.record(future, schedule(future))
    await store.close()
    async with await SqlStore.open(url_with_tables) as restarted:
        pruned = await restarted.prune(SHORT, NOON + YEAR + DAY, timedelta(hours=1))
        assert pruned.time.held_back > YEAR - 2 * DAY
        assert len(await restarted.statuses()) == 2


async def test_restarts_do_not_advance_the_trusted_time(store: SqlStore) -> None:
    await fill(store)
    await store.prune(SHORT, NOON, DAY)
    hour = timedelta(hours=1)
    times = [(await store.prune(SHORT, NOON + YEAR, hour)).time.at for _ in range(20)]
    assert times == [NOON + 2 * hour * number for number in range(1, 21)]


async def test_a_long_pause_is_caught_up_with_at_twice_the_rate(store: SqlStore) -> None:
    await fill(store)
    await store.prune(SHORT, NOON, DAY)
    days = await prune_daily(store, NOON + 40 * DAY, 45)
    lags = [one.time.held_back / DAY for one in days]
    # A jump of three days does not make the clock suspect.
    assert lags == [*range(38, 1, -1), *([0] * 8)]
    assert len(await store.statuses()) == 0


async def test_a_weekend_without_power_is_harmless(store: SqlStore) -> None:
    await store.prune(SHORT, NOON, DAY)
    assert (await store.prune(SHORT, NOON + 3 * DAY, DAY)).time.held_back == timedelta()


async def test_an_operator_may_confirm_that_the_clock_is_right(store: SqlStore) -> None:
    await fill(store)
    pruned = await store.prune(SHORT, NOON + YEAR, is_clock_right=True)
    assert pruned.counts["endpoints"] == 2
    assert (await store.prune(SHORT, NOON + YEAR + DAY, DAY)).time.held_back == timedelta()


async def test_a_clock_that_jumps_back_deletes_nothing_and_is_reported(store: SqlStore) -> None:
    await fill(store)
    await store.prune(SHORT, NOON, DAY)
    back = await store.prune(SHORT, NOON - YEAR, DAY)
    assert deleted(back) == 0
    assert back.time.clock_behind == YEAR
    # When it is correct again, nothing has been lost, and it is trusted at once.
    again = await store.prune(SHORT, NOON + DAY, DAY)
    assert again.time.held_back == timedelta()
    assert again.counts["endpoints"] == 0


async def test_data_dated_by_an_unset_clock_are_not_deleted_as_old(store: SqlStore) -> None:
    first = observation(hour=int((datetime(1970, 1, 1, tzinfo=UTC) - NOON) / timedelta(hours=1)))
    await store.record(first, schedule(first))
    pruned = await store.prune(SHORT, NOON, is_clock_right=True)
    assert pruned.counts["endpoints"] == 0
    assert len(await store.statuses()) == 1


async def test_a_difference_of_an_hour_does_not_warn(store: SqlStore) -> None:
    await store.prune(SHORT, NOON, DAY)
    pruned = await store.prune(SHORT, NOON - timedelta(hours=1), DAY)
    assert pruned.time.clock_behind == timedelta()
    assert pruned.time.held_back == timedelta()
