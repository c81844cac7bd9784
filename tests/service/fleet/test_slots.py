from __future__ import annotations

import asyncio

import pytest

from scheduling.jobs import SchedulerSettings
from service.fleet.limiter import Limiter, NoPlaceError
from tests.scheduling.virtual_time import run_virtually


async def hold(slots: Limiter, began: asyncio.Event, end: asyncio.Event) -> None:
    async with slots.one():
        began.set()
        await end.wait()


def test_a_job_is_accepted_while_no_visit_waits() -> None:
    async def scenario() -> None:
        slots = Limiter(1)
        await slots.room()
        began, end = asyncio.Event(), asyncio.Event()
        holding = asyncio.create_task(hold(slots, began, end))
        await began.wait()
        room = asyncio.create_task(slots.room())
        await asyncio.sleep(0.1)
        assert not room.done()
        end.set()
        await asyncio.gather(holding, room)

    run_virtually(scenario())


def test_a_long_visit_gives_its_place_to_another() -> None:
    async def scenario() -> None:
        slots = Limiter(1)
        loop = asyncio.get_running_loop()
        began, other_began, end = asyncio.Event(), asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(slots, began, end))
            await began.wait()
            began_at = loop.time()
            group.create_task(hold(slots, other_began, end))
            await other_began.wait()
            assert loop.time() - began_at == SchedulerSettings().overtime_seconds
            end.set()
        async with asyncio.timeout(1), slots.one():
            await asyncio.sleep(0)

    run_virtually(scenario())


def test_a_closed_limiter_gives_no_place_and_takes_none_away() -> None:
    async def scenario() -> None:
        slots = Limiter(1)
        began, end = asyncio.Event(), asyncio.Event()
        holding = asyncio.create_task(hold(slots, began, end))
        await began.wait()
        waiting = [asyncio.create_task(hold(slots, asyncio.Event(), end)) for _ in range(2)]
        await asyncio.sleep(0.1)
        slots.close()
        for one in (*waiting, hold(slots, asyncio.Event(), end)):
            with pytest.raises(NoPlaceError):
                await one
        assert not holding.done()
        end.set()
        await holding

    run_virtually(scenario())
