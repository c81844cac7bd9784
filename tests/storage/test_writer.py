"""The batching writer, independent of any database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from storage.writer import BatchWriter, WriterClosedError


class Ledger:
    """Stores its batches; refuses negative items, and everything while ``broken``."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_broken = False
        self.has_begun = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_finish.set()

    async def write(self, items: Sequence[int]) -> None:
        self.has_begun.set()
        await self.may_finish.wait()
        if self.is_broken:
            raise OSError("broken")
        if any(item < 0 for item in items):
            raise ValueError("negative")
        self.batches.append(list(items))

    def writer(self, batch_limit: int = 100) -> BatchWriter[int]:
        return BatchWriter(
            self.write,
            is_hopeless=lambda error: isinstance(error, OSError),
            batch_limit=batch_limit,
        )


async def submit_all(writer: BatchWriter[int], items: Sequence[int]) -> list[BaseException | None]:
    return await asyncio.gather(*(writer.submit(item) for item in items), return_exceptions=True)


async def test_waiting_items_are_written_in_one_batch() -> None:
    ledger = Ledger()
    writer = ledger.writer()
    assert await submit_all(writer, range(10)) == [None] * 10
    await writer.close()
    assert ledger.batches == [list(range(10))]


async def test_items_submitted_during_a_write_are_the_next_batch() -> None:
    ledger = Ledger()
    ledger.may_finish.clear()
    writer = ledger.writer()
    first = asyncio.create_task(writer.submit(1))
    await ledger.has_begun.wait()
    rest = asyncio.create_task(submit_all(writer, [2, 3]))
    await asyncio.sleep(0)
    assert not first.done()
    ledger.may_finish.set()
    await first
    await rest
    await writer.close()
    assert ledger.batches == [[1], [2, 3]]


async def test_a_batch_has_a_limit() -> None:
    ledger = Ledger()
    writer = ledger.writer(batch_limit=4)
    await submit_all(writer, range(10))
    await writer.close()
    assert ledger.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_an_item_that_cannot_be_written_fails_alone() -> None:
    ledger = Ledger()
    writer = ledger.writer()
    outcomes = await submit_all(writer, [1, -1, 2])
    await writer.close()
    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert ledger.batches == [[1], [2]]


async def test_a_permanent_error_reaches_every_waiting_writer_and_later_writes_succeed() -> None:
    ledger = Ledger()
    writer = ledger.writer()
    ledger.is_broken = True
    outcomes = await submit_all(writer, [1, 2, 3])
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    ledger.is_broken = False
    assert await submit_all(writer, [4]) == [None]
    await writer.close()


async def test_the_last_error_is_the_newest_items() -> None:
    ledger = Ledger()
    writer = ledger.writer()
    errors = []
    for item in (1, -1, 2):
        await submit_all(writer, [item])
        errors.append(type(writer.last_error))
    await writer.close()
    assert errors == [type(None), ValueError, type(None)]


async def test_closing_writes_what_was_submitted_and_accepts_no_more() -> None:
    ledger = Ledger()
    writer = ledger.writer(batch_limit=2)
    submitted = asyncio.create_task(submit_all(writer, [1, 2, 3]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the task begins, then its three children
    await writer.close()
    assert await submitted == [None] * 3
    with pytest.raises(WriterClosedError):
        await writer.submit(4)
    assert ledger.batches == [[1, 2], [3]]


async def test_a_cancelled_loop_leaves_no_writer_waiting() -> None:
    ledger = Ledger()
    ledger.may_finish.clear()
    writer = ledger.writer(batch_limit=2)
    submitted = asyncio.create_task(submit_all(writer, [1, 2, 3]))
    await ledger.has_begun.wait()
    writer._task.cancel()
    outcomes = await submitted
    assert [type(outcome) for outcome in outcomes] == [WriterClosedError] * 3
