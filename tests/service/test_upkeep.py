"""Only the leading scheduler deletes old rows, and counts the fleet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from model.clock import SystemClock
from model.query import ServiceEvent
from model.records.fleet_count import FleetCount
from service.process import maintenance
from storage import Retention, SqlStore
from tests.storage.released_database import COUNT
from tests.storage.samples import observation, schedule

PATIENCE_SECONDS = 60.0


async def test_a_standby_scheduler_prunes_nothing_until_it_leads(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_FIRST_FORGETTING_SECONDS", 0.001)
    leads = False
    was_asked_often = asyncio.Event()
    asked, began = 0, []

    def is_leading() -> bool:
        nonlocal asked
        asked += 1
        if asked == 20:
            was_asked_often.set()
        return leads

    def retention() -> Retention:
        began.append(leads)
        return Retention(endpoints_days=1.0)

    async with await SqlStore.open(url) as store, asyncio.timeout(PATIENCE_SECONDS):
        clock = SystemClock()
        visit = replace(observation(), started_at=clock.now() - timedelta(days=2))
        await store.record(visit, schedule(visit))
        held_back: list[float] = []
        forgetting = asyncio.create_task(
            maintenance.forget(store, retention, clock, is_leading, held_back.append)
        )
        await was_asked_often.wait()
        assert len(await store.statuses()) == 1
        leads = True
        left = 1
        while left:
            left = len(await store.statuses())
        forgetting.cancel()
        await asyncio.wait([forgetting])
    assert began == [True]


async def test_a_clock_that_is_not_trusted_is_reported_and_deletes_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_FIRST_FORGETTING_SECONDS", 0.001)
    async with await SqlStore.open(url) as store, asyncio.timeout(PATIENCE_SECONDS):
        clock, was_shown = SystemClock(), asyncio.Event()
        shown: list[float] = []

        def show(seconds: float) -> None:
            shown.append(seconds)
            was_shown.set()

        visit = replace(observation(), started_at=clock.now() - timedelta(days=365))
        await store.record(visit, schedule(visit))
        forgetting = asyncio.create_task(
            maintenance.forget(
                store, lambda: Retention(endpoints_days=1.0), clock, lambda: True, show
            )
        )
        await was_shown.wait()
        events: Sequence[ServiceEvent] = ()
        while not events:
            events = await store.events()
        forgetting.cancel()
        await asyncio.wait([forgetting])
        assert len(await store.statuses()) == 1
    assert shown[0] > timedelta(days=364).total_seconds()
    assert [event.kind for event in events] == ["clock_jumped"]
    assert "--trust-clock" in events[0].sentence


async def test_the_leading_scheduler_counts_the_fleet(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "_FIRST_COUNT_SECONDS", 0.001)
    monkeypatch.setattr(maintenance, "_COUNT_SECONDS", 0.001)
    asked = 0

    def is_leading() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    async def count() -> FleetCount:
        return replace(COUNT, answering=asked)

    async with await SqlStore.open(url) as store, asyncio.timeout(PATIENCE_SECONDS):
        counting = asyncio.create_task(maintenance.count_fleet(store, count, is_leading))
        midnight = COUNT.at.replace(hour=0)
        counts: Sequence[FleetCount] = ()
        while not counts:
            counts = await store.fleet_counts(midnight)
        counting.cancel()
        await asyncio.wait([counting])
    (stored,) = counts
    assert stored.answering > 3
