"""A Procrastinate worker that outlives trouble with the database, and takes no job that it has no room for.

As it comes, its worker ends where one fetch fails, and one whose heartbeat failed goes on without; a job
whose end could not be written is held for ever. The methods of its JobManager are where that is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

_PAUSE_SECONDS: Final = 1.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


class ResilientJobManager(JobManager):
    """What one worker asks of the queue; ``stop`` is set when it is to take no more jobs."""

    def __init__(self, connector: BaseConnector, room: Callable[[], Awaitable[None]]) -> None:
        super().__init__(connector)
        self._room = room
        self.stop = asyncio.Event()
        self.is_declared_dead = asyncio.Event()
        """Others have seen no heartbeat for so long that they took this worker's jobs."""

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job, when there is room for it; None where there is none, or no database."""
        await _first(self._room(), self.stop.wait())
        if self.stop.is_set():
            return None
        try:
            return await super().fetch_job(queues, worker_id)
        except ConnectorException as error:
            _LOG.warning("no jobs can be fetched", reason=str(error.__cause__ or error))
            return None

    async def update_heartbeat(self, worker_id: int) -> None:
        """Says that this worker lives; notes where others hold it for dead."""
        try:
            rows = await self.connector.execute_query_all_async(
                "UPDATE procrastinate_workers SET last_heartbeat = now() "
                "WHERE id = %(worker_id)s RETURNING id",
                worker_id=worker_id,
            )
        except ConnectorException as error:
            _LOG.warning("the heartbeat cannot be written", reason=str(error.__cause__ or error))
            return
        if not rows:
            self.is_declared_dead.set()

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Writes a job's end, as soon as that can be done; one that others took over is theirs."""
        while True:
            try:
                await super().finish_job(job, status, delete_job)
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.OperationalError):
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                _LOG.info("a job was given to another worker meanwhile", job=job.id)
            return

    async def unregister_worker(self, worker_id: int) -> None:
        """Says that this worker ends; where nobody hears it, its silence will say it."""
        with suppress(ConnectorException):
            await super().unregister_worker(worker_id)


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
