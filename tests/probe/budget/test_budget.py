"""Every step uses the budget, and a step that exceeds it ends there."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.budget import BudgetLimits, Metered, VisitBudget, current_budget, off_loop
from probe.checks.prober import side_by_side

SOME_WORK = 0.02


def work() -> int:
    """Keeps this thread's CPU busy for a fixed time, however many other threads want it."""
    end = time.thread_time() + SOME_WORK
    while time.thread_time() < end:
        pass
    return threading.get_ident()


async def test_each_step_between_two_waits_is_counted() -> None:
    budget = VisitBudget()

    async def question() -> int:
        for _ in range(3):
            work()
            await asyncio.sleep(0)
        return 5

    assert await Metered(budget, question()) == 5
    assert budget.processor_seconds >= 3 * SOME_WORK


async def test_concurrent_tasks_use_the_budget_of_the_visit() -> None:
    budget = VisitBudget()

    async def question() -> VisitBudget:
        work()
        await asyncio.sleep(0)
        return current_budget()

    async def visit() -> list[VisitBudget]:
        return await side_by_side(question(), question(), question())

    assert await Metered(budget, visit()) == [budget] * 3
    assert budget.processor_seconds >= 3 * SOME_WORK


async def test_concurrent_work_of_others_is_not_counted() -> None:
    budget = VisitBudget()

    async def question() -> None:
        await asyncio.to_thread(work)
        await asyncio.create_task(asyncio.sleep(0))

    async def others() -> None:
        work()

    await asyncio.gather(Metered(budget, question()), others())
    assert budget.processor_seconds < SOME_WORK


def test_a_step_that_is_interrupted_costs_only_its_own_work() -> None:
    """As on a busy machine: the step takes longer, and this thread has worked for others before it."""
    budget = VisitBudget()
    work()
    with budget.step():
        time.sleep(2 * SOME_WORK)
    assert budget.processor_seconds < SOME_WORK


async def test_work_off_the_loop_is_counted_and_runs_in_another_thread() -> None:
    budget = VisitBudget()

    async def question() -> int:
        return await off_loop(work)

    assert await Metered(budget, question()) != threading.get_ident()
    assert budget.processor_seconds >= SOME_WORK


async def test_errors_are_raised_and_failed_work_is_counted() -> None:
    budget = VisitBudget()

    def fails() -> None:
        work()
        raise LookupError

    async def question() -> str:
        try:
            await off_loop(fails)
        except LookupError:
            await asyncio.sleep(0)
            raise KeyError from None
        return "not reached"

    with pytest.raises(KeyError):
        await Metered(budget, question())
    assert budget.processor_seconds >= SOME_WORK


async def test_cancellation_reaches_the_request() -> None:
    ended = asyncio.Event()
    waits = asyncio.Event()

    async def question() -> None:
        try:
            waits.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def visit() -> None:
        await Metered(VisitBudget(), question())

    for start in (lambda: Metered(VisitBudget(), question()), visit):
        ended.clear()
        waits.clear()
        task = asyncio.create_task(start())
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()


def test_a_step_in_a_step_is_counted_once() -> None:
    once, nested = VisitBudget(), VisitBudget()
    began = time.thread_time()
    with nested.step(), nested.step(), nested.step():
        work()
    took = time.thread_time() - began
    assert SOME_WORK <= nested.processor_seconds <= took
    assert once.processor_seconds == 0


def test_the_first_limit_that_is_reached_is_the_one_named_afterwards() -> None:
    budget = VisitBudget(BudgetLimits(bytes_received=2**20, connections=2))
    found = [budget.exhausted]
    budget.bytes_received = 2**20
    found.append(budget.exhausted)
    budget.bytes_received += 1
    found.append(budget.exhausted)
    budget.connections = 2
    found.append(budget.exhausted)
    assert found == [None, None, "1 MiB received", "1 MiB received"]
    assert VisitBudget(budget.limits, connections=2).exhausted == "2 connections"


@given(st.lists(st.integers(0, 40), max_size=20), st.integers(0, 100))
def test_no_more_elements_or_prime_bits_are_spent_than_the_budget_has(
    wanted: list[int], limit: int
) -> None:
    budget = VisitBudget(BudgetLimits(certificate_elements=limit, prime_bits=limit))
    primes = sum(bits for bits in wanted if budget.takes_prime(bits))
    assert primes <= limit
    assert budget.exhausted is None
    taken = [count for count in wanted if budget.takes_elements(count)]
    assert sum(taken) <= limit
    refused = len(taken) < len(wanted)
    assert budget.exhausted == (f"{limit:,} certificate elements" if refused else None)
