"""Work that clients cause: done once for all who wait, one at a time, and at most a twentieth of the time."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.guard.turns import BusyError, Shared, Turns, measured
from service.probe_endpoint.places import Places
from service.process.limits import rest_after

pytestmark = pytest.mark.slow


class Counting:
    """Counts the calls, and the maximum number of simultaneous ones."""

    done = 0
    running = 0
    most = 0

    async def work(self) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.05)
        self.running -= 1
        self.done += 1
        return self.done


async def test_a_thousand_callers_share_one_result() -> None:
    counting = Counting()
    shared = Shared(counting.work)
    assert set(await asyncio.gather(*(shared.get() for _ in range(1000)))) == {1}


@given(st.floats(0, 1e6))
def test_work_is_at_most_a_twentieth_of_the_time_with_pauses_up_to_half_a_minute(
    seconds: float,
) -> None:
    assert rest_after(seconds) == pytest.approx(min(19 * seconds, 30))


async def test_a_result_that_expires_while_it_is_made_is_made_again() -> None:
    facts, is_reading, may_end = ["old"], asyncio.Event(), asyncio.Event()

    async def read() -> str:
        found = facts[-1]
        is_reading.set()
        await may_end.wait()
        return found

    shared = Shared(read, lambda _: float("inf"))
    first = asyncio.create_task(shared.get())
    await is_reading.wait()
    facts.append("new")
    shared.expire()
    may_end.set()
    assert await first == "old"
    assert await shared.get() == "new"
    facts.append("newest")
    assert await shared.get() == "new"


async def test_a_failed_result_is_computed_again() -> None:
    answers = iter((OSError("nothing yet"), None))

    async def make() -> str:
        error = next(answers)
        if error is not None:
            raise error
        return "made"

    shared = Shared(make)
    with pytest.raises(OSError, match="nothing yet"):
        await shared.get()
    assert await shared.get() == "made"


async def test_one_request_runs_at_a_time_and_a_caller_may_have_four_waiting() -> None:
    turns, counting = Turns(), Counting()

    async def ask(caller: str) -> bool:
        try:
            async with turns.turn(caller):
                await counting.work()
        except BusyError:
            return False
        return True

    served = await asyncio.gather(*(ask(caller) for caller in ["a"] * 10 + ["b"]))
    assert served == [True] * 4 + [False] * 6 + [True]
    assert (counting.most, counting.done) == (1, 5)


async def test_work_that_waits_for_a_processor_rests_only_for_what_it_used() -> None:
    asked: list[float] = []

    def rest(seconds: float) -> float:
        asked.append(seconds)
        return 0.0

    turns, never = Turns(rest), threading.Event()
    async with turns.turn("a") as turn:
        _, turn.cpu_seconds = await asyncio.to_thread(measured, lambda: never.wait(0.2))
    async with turns.turn("a"):
        await asyncio.sleep(0.2)
    used, took = asked
    assert used < 0.1
    assert took >= 0.2


async def test_slots_are_counted_correctly_when_their_number_changes() -> None:
    places = Places(2)
    await places.acquire()
    await places.acquire()
    places.allow(1)
    waiting = asyncio.create_task(places.acquire())
    await asyncio.sleep(0)
    places.release()
    await asyncio.sleep(0)
    assert not waiting.done()
    places.release()
    await waiting
    places.allow(2)
    await places.acquire()


async def test_the_place_of_a_cancelled_waiter_goes_to_the_next() -> None:
    places = Places(1)
    await places.acquire()
    gone, next_one = (asyncio.create_task(places.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    places.release()
    await next_one
    places.release()
    late = asyncio.create_task(places.acquire())
    await late
