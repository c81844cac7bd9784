"""A Procrastinate worker that survives database failures, and takes no job that it has no room for.

By default, Procrastinate's worker ends when one fetch fails and continues without heartbeats after one of them
failed; a job whose end could not be written remains taken forever. The methods of this JobManager fix that.
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
    """One worker's access to the queue; once ``stop`` is set, the worker takes no more jobs."""

    def __init__(self, connector: BaseConnector, room: Callable[[], Awaitable[None]]) -> None:
        super().__init__(connector)
        self._room = room
        self.stop = asyncio.Event()
        self.is_declared_dead = asyncio.Event()
        """Set when this worker was silent for so long that others took over its jobs."""

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job, when there is room for it; None if there is no job or the database does not answer."""
        await _first(self._room(), self.stop.wait())
        if self.stop.is_set():
            return None
        try:
            return await super().fetch_job(queues, worker_id)
        except ConnectorException as error:
            _LOG.warning("jobs cannot be fetched", reason=str(error.__cause__ or error))
            return None

    async def update_heartbeat(self, worker_id: int) -> None:
        """Send a heartbeat; detect whether others consider this worker dead."""
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
        """Write the end of a job as soon as possible; if another worker took over the job, write nothing."""
        while True:
            try:
                await super().finish_job(job, status, delete_job)
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.OperationalError):
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                _LOG.info("a job was reassigned to another worker", job=job.id)
            return

    async def unregister_worker(self, worker_id: int) -> None:
        """Unregister this worker; if that fails, others notice that its heartbeats stopped."""
        with suppress(ConnectorException):
            await super().unregister_worker(worker_id)


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
