from __future__ import annotations

import asyncio

from pki.net_guard.start_rate import StartRate


async def test_visits_begin_only_while_the_queue_of_connections_is_short() -> None:
    """A quarter of a second at 2,000 per second is 500 connections; all visits together would have 1,600 waiting."""
    rate, running, most_running = StartRate(2_000), 0, 0

    async def visit() -> None:
        nonlocal running, most_running
        await rate.room()
        running += 1
        most_running = max(most_running, running)
        await asyncio.gather(*(rate.start() for _ in range(8)))
        running -= 1

    await asyncio.gather(*(visit() for _ in range(200)))
    assert most_running < 150


async def test_visits_begin_in_the_order_of_their_arrival() -> None:
    rate, began = StartRate(100), list[int]()

    async def visit(number: int) -> None:
        await rate.room()
        began.append(number)
        await rate.start()

    queued = [asyncio.create_task(rate.start()) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.gather(*map(visit, range(20)), *queued)
    assert began == list(range(20))


async def test_visits_that_start_no_connection_keep_no_others_from_beginning() -> None:
    rate = StartRate(100)
    queued = [asyncio.create_task(rate.start()) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.gather(*(rate.room() for _ in range(40)), *queued)


async def test_a_visit_that_was_cancelled_takes_no_room() -> None:
    rate = StartRate(100)
    queued = [asyncio.create_task(rate.start()) for _ in range(30)]
    await asyncio.sleep(0)
    given_up = [asyncio.create_task(rate.room()) for _ in range(10)]
    await asyncio.sleep(0)
    for visit in given_up:
        visit.cancel()
    await asyncio.gather(rate.room(), *queued)


async def test_a_few_visits_begin_at_once() -> None:
    rate = StartRate(1)
    await asyncio.gather(*(rate.room() for _ in range(8)))
