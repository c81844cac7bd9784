"""One task that writes the items of many callers; all waiting items share one transaction.

While one batch is committed, the next one gathers, so all items that arrive during a commit share the
cost of the next (an fsync), and no item waits for a timer. The callers whose items failed get the
error; the task continues.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item]):
    item: Item
    written: asyncio.Future[None]


class WriterClosedError(Exception):
    """The writer was closed before the item was written."""


class BatchWriter(Generic[Item]):
    """Gathers items and passes them to ``write``, which makes a batch durable or raises.

    If ``write`` raises for a batch, each item is tried once alone, so that an item that can never be
    written fails alone; unless ``is_hopeless`` says that the error would affect every item.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[None]],
        *,
        is_hopeless: Callable[[Exception], bool],
        batch_limit: int = 500,
    ) -> None:
        self._write = write
        self._is_hopeless = is_hopeless
        self._batch_limit = batch_limit
        self._queue: asyncio.Queue[_Waiting[Item] | None] = asyncio.Queue()
        self._is_closed = False
        self._last_error: Exception | None = None
        self._task = asyncio.create_task(self._run(), name="storage-writer")

    @property
    def last_error(self) -> Exception | None:
        """The error of the newest item; None if it was written."""
        return self._last_error

    async def submit(self, item: Item) -> None:
        """Return once ``item`` is durable.

        Raises:
            WriterClosedError: after ``close``.
            Exception: what ``write`` raised for it.
        """
        if self._is_closed:
            raise WriterClosedError
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        await waiting.written

    async def close(self) -> None:
        """Write what has been submitted, then end the task."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put_nowait(None)
        await self._task

    async def _run(self) -> None:
        try:
            while batch := await self._next_batch():
                await self._write_batch(batch)
        finally:
            # Only a cancelled task (a loop torn down without close) leaves items behind.
            self._is_closed = True
            while not self._queue.empty():
                waiting = self._queue.get_nowait()
                if waiting is not None:
                    _settle(waiting, WriterClosedError())

    async def _next_batch(self) -> list[_Waiting[Item]]:
        """At least one item, and all that are waiting, up to the limit; empty at the end."""
        batch: list[_Waiting[Item]] = []
        waiting = await self._queue.get()
        while waiting is not None:
            batch.append(waiting)
            if len(batch) == self._batch_limit or self._queue.empty():
                return batch
            waiting = self._queue.get_nowait()
        if batch:
            self._queue.put_nowait(None)  # the end comes after this batch
        return batch

    async def _write_batch(self, batch: list[_Waiting[Item]]) -> None:
        try:
            error = await self._try(batch)
            if error is None or self._is_hopeless(error):
                for waiting in batch:
                    _settle(waiting, error)
                return
            for waiting in batch:
                _settle(waiting, await self._try([waiting]))
        except asyncio.CancelledError:
            for waiting in batch:
                _settle(waiting, WriterClosedError())
            raise

    async def _try(self, batch: list[_Waiting[Item]]) -> Exception | None:
        try:
            await self._write([waiting.item for waiting in batch])
        except Exception as error:  # passed to the callers; the next batch may succeed
            self._last_error = error
            return error
        self._last_error = None
        return None


def _settle(waiting: _Waiting[Item], error: Exception | None) -> None:
    if waiting.written.done():  # the caller was cancelled, or already has the result
        return
    if error is None:
        waiting.written.set_result(None)
    else:
        waiting.written.set_exception(error)
