"""Old rows are forgotten by the scheduler that leads, and by no other."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from probe.clock import SystemClock
from service import upkeep
from storage import Retention, SqlStore
from tests.storage.samples import observation, schedule

PATIENCE_SECONDS = 60.0


async def test_a_scheduler_that_stands_by_forgets_nothing_until_it_leads(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_FIRST_FORGETTING_SECONDS", 0.001)
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
        visit, clock = observation(), SystemClock()
        assert clock.now() - visit.started_at > timedelta(days=1)
        await store.record(visit, schedule(visit))
        forgetting = asyncio.create_task(upkeep.forget(store, retention, clock, is_leading))
        await was_asked_often.wait()
        assert len(await store.statuses()) == 1
        leads = True
        left = 1
        while left:
            left = len(await store.statuses())
        forgetting.cancel()
    assert began == [True]
