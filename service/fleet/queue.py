"""The task queue, Procrastinate on PostgreSQL, for both sides: its tables, its jobs, its dead workers.

It has a schema of its own, so it never touches the tables of the store. Its content is disposable: a leader
requests all due visits again. So an upgrade drops the old tables and creates new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, cast

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.engine import make_url

from model.frozen import frozen
from service.fleet.batches import Batch
from service.fleet.request import requests_to_json

SCHEMA: Final = "tlsprobe_jobs"
TASK: Final = "visit"
QUEUE_ERRORS: Final = (psycopg.Error, ConnectorException)
"""Database errors that may be temporary."""

_MOST_ATTEMPTS: Final = 10
"""A job that has lost its worker this many times is given up; its endpoints return in other jobs."""

_LOCK: Final = int.from_bytes(b"tlsp job", "big")

_CLAIMS: Final = """
CREATE TABLE claims (
    endpoint_key text PRIMARY KEY,
    worker_id bigint,
    deaths integer NOT NULL DEFAULT 0,
    set_aside_until timestamptz,
    times_set_aside integer NOT NULL DEFAULT 0
);
"""
"""A table next to Procrastinate's own; ``service.fleet.leases`` explains its rows."""


class QueueVersionError(Exception):
    """Another version of tlsprobe created the queue's tables; the message says what to do."""


@frozen
class Times:
    """In seconds: the interval of a worker's heartbeats, and the silence after which it counts as dead."""

    dead_after: float

    @property
    def heartbeat(self) -> float:
        """A quarter of the time after which a worker counts as dead."""
        return self.dead_after / 4


class Queue:
    """Jobs in the database; ``app`` is Procrastinate's, ``pool`` the connections to its schema."""

    def __init__(self, url: str, times: Times) -> None:
        self.times = times
        connector = PsycopgConnector(
            conninfo=libpq_url(url),
            kwargs={"options": f"-c search_path={SCHEMA}", "application_name": "tlsprobe"},
            min_size=1,
            max_size=8,
        )
        self.app = App(connector=connector)
        self._connector = connector

    @property
    def pool(self) -> AsyncConnectionPool[Any]:
        """Connections whose search path is the queue's schema."""
        return self._connector.pool

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Queue]:
        """Connect, and disconnect at the end."""
        async with self.app.open_async():
            yield self

    async def prepare(self, *, may_remake: bool) -> None:
        """Create the tables if there are none, or replace another version's if that is allowed.

        Raises:
            QueueVersionError: if another version created them and they must not be replaced.
        """
        version = _version()
        async with self.pool.connection() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            found = await connection.execute(
                "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,)
            )
            row = await found.fetchone()
            present = None if row is None else row[0]
            if present == version:
                return
            if present is not None and not may_remake:
                raise QueueVersionError(
                    "the workers' queue in the database belongs to another version of tlsprobe: run the "
                    "same version as `tlsprobe serve` does"
                )
            await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())
            await connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
            await connection.execute(_tables().encode())
            await connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'".encode())

    async def defer(self, batches: Sequence[Batch]) -> list[int]:
        """Create a job for each batch; returns their ids in the same order."""
        jobs = [
            Job(
                queue=batch.queue,
                lock=None,
                queueing_lock=None,
                task_name=TASK,
                task_kwargs={
                    "requests": cast(Any, requests_to_json(batch.requests)),
                    "addresses": cast(Any, sorted(batch.addresses)),
                },
            )
            for batch in batches
        ]
        deferred = await self.app.job_manager.batch_defer_jobs_async(jobs)
        return [job.id for job in deferred if job.id is not None]

    async def unfinished(self) -> Mapping[int, Sequence[str]]:
        """The addresses of each job that is out, by the job's id."""
        rows = await self._rows(
            "SELECT id, args->'addresses' FROM procrastinate_jobs "
            "WHERE task_name = %s AND status IN ('todo', 'doing')",
            (TASK,),
        )
        return {job_id: addresses or () for job_id, addresses in rows}

    async def unfinished_among(self, ids: Collection[int]) -> set[int]:
        """The jobs among ``ids`` that are out."""
        rows = await self._rows(
            "SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) AND status IN ('todo', 'doing')",
            (list(ids),),
        )
        return {job_id for (job_id,) in rows}

    async def waiting(self) -> Mapping[str, int]:
        """How many jobs wait for a worker, by queue."""
        rows = await self._rows(
            "SELECT queue_name, count(*) FROM procrastinate_jobs WHERE status = 'todo' GROUP BY 1",
            (),
        )
        return dict(rows)

    async def living_workers(self) -> int:
        """How many workers have sent a heartbeat recently."""
        rows = await self._rows(
            "SELECT count(*) FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => %s)",
            (self.times.dead_after,),
        )
        return int(rows[0][0])

    async def rescue(self) -> tuple[int, int]:
        """Reassign the jobs of dead workers; returns how many are retried and how many are given up.

        Two processes may do this at once: jobs that the other process has rescued are skipped.
        """
        manager = self.app.job_manager
        stalled: Iterable[Job] = await manager.get_stalled_jobs(
            seconds_since_heartbeat=self.times.dead_after
        )
        retried = given_up = 0
        for job in stalled:
            try:
                if job.attempts < _MOST_ATTEMPTS:
                    await manager.retry_job(job)
                    retried += 1
                else:
                    await manager.finish_job(job, Status.FAILED, delete_job=True)
                    given_up += 1
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.OperationalError):
                    raise
        await manager.prune_stalled_workers(self.times.dead_after)
        return retried, given_up

    async def _rows(self, query: LiteralString, values: tuple[object, ...]) -> list[Any]:
        async with self.pool.connection() as connection:
            rows: list[Any] = await (await connection.execute(query, values)).fetchall()
        return rows


def libpq_url(url: str) -> str:
    """The store's URL without SQLAlchemy's driver name."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _tables() -> str:
    """The SQL for all tables of the schema, for a connection whose search path is the schema."""
    return f"{SchemaManager.get_schema()}{_CLAIMS}"


def _version() -> str:
    return hashlib.sha256(_tables().encode()).hexdigest()
