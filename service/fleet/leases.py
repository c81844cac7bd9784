"""Which worker visits which endpoint now, and which endpoints may have killed their workers.

A row is a claim: a worker takes it before a visit, and releases it once the visit is recorded. If a worker dies
with a claim, the endpoint was in flight at its death. ``deaths`` counts such deaths; after the first, the
endpoint is visited in a separate process. An endpoint that never killed a worker has no row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from model.frozen import frozen

VISITED_CHANNEL: Final = "tlsprobe_visited"
"""Publishes the key of each endpoint whose visit is over."""


_HOLD: Final = """
SELECT 1 FROM claims WHERE endpoint_key = ANY(%(keys)s) AND worker_id = %(worker)s FOR UPDATE
"""
_FINISH: Final = """
WITH finished AS (
    DELETE FROM claims WHERE endpoint_key = ANY(%(keys)s) AND worker_id = %(worker)s
    RETURNING endpoint_key
)
SELECT pg_notify(%(channel)s, endpoint_key) FROM finished
"""


@frozen
class Record:
    """``deaths`` is how often an endpoint was in flight when a worker died; ``times_set_aside`` how often it was
    quarantined in a row; ``is_set_aside`` whether it is quarantined now."""

    deaths: int
    is_set_aside: bool
    times_set_aside: int = 0


INNOCENT: Final = Record(deaths=0, is_set_aside=False)


class Leases:
    """The claims in the queue's database; each method is one transaction.

    Raises:
        psycopg.Error: if the database cannot be used.
    """

    def __init__(self, pool: AsyncConnectionPool[Any], heartbeat_timeout_seconds: float) -> None:
        self._pool = pool
        self._heartbeat_timeout_seconds = heartbeat_timeout_seconds

    async def records(self, keys: Collection[str]) -> Mapping[str, Record]:
        """The records of the endpoints; claims of dead workers count as deaths from now on."""
        async with self._pool.connection() as connection:
            await self._run(
                connection,
                """
                UPDATE claims SET worker_id = NULL, deaths = deaths + 1
                WHERE endpoint_key IN (
                    SELECT endpoint_key FROM claims
                    WHERE endpoint_key = ANY(%(keys)s) AND worker_id IS NOT NULL
                    AND worker_id NOT IN (
                        SELECT id FROM procrastinate_workers
                        WHERE last_heartbeat > now() - make_interval(secs => %(dead)s)
                    )
                    ORDER BY endpoint_key FOR UPDATE
                )
                """,
                keys,
            )
            rows = await self._run(
                connection,
                "SELECT endpoint_key, deaths, set_aside_until > now(), times_set_aside "
                "FROM claims WHERE endpoint_key = ANY(%(keys)s)",
                keys,
            )
        return {
            key: Record(deaths=deaths, is_set_aside=bool(aside), times_set_aside=times)
            for key, deaths, aside, times in rows
        }

    async def take(self, keys: Collection[str], worker_id: int) -> set[str]:
        """Claim the endpoints for a worker; returns those that are neither claimed nor quarantined."""
        async with self._pool.connection() as connection:
            rows = await self._run(
                connection,
                """
                INSERT INTO claims (endpoint_key, worker_id)
                SELECT key, %(worker)s FROM unnest(%(keys)s::text[]) AS key ORDER BY key
                ON CONFLICT (endpoint_key) DO UPDATE SET worker_id = excluded.worker_id
                WHERE claims.worker_id IS NULL
                AND NOT coalesce(claims.set_aside_until > now(), false)
                RETURNING endpoint_key
                """,
                keys,
                worker_id,
            )
        return {key for (key,) in rows}

    @asynccontextmanager
    async def settling(self, key: str, worker_id: int) -> AsyncIterator[bool]:
        """Whether the worker still holds the claim, or lost it because its heartbeats stopped.

        Within the block no other worker can take the claim, so what is recorded there is recorded once.
        After the block the claim is released, and the end of the visit is published.
        """
        async with self._pool.connection() as connection:
            is_held = bool(await self._run(connection, _HOLD, [key], worker_id))
            yield is_held
            if is_held:
                await self._run(connection, _FINISH, [key], worker_id)

    async def put_back(self, keys: Collection[str], worker_id: int) -> None:
        """Release the worker's claims on endpoints that were not visited; their records remain."""
        async with self._pool.connection() as connection:
            await self._run(
                connection,
                "UPDATE claims SET worker_id = NULL "
                "WHERE endpoint_key = ANY(%(keys)s) AND worker_id = %(worker)s",
                keys,
                worker_id,
            )
            await self._run(
                connection,
                "DELETE FROM claims "
                "WHERE endpoint_key = ANY(%(keys)s) AND worker_id IS NULL AND deaths = 0",
                keys,
            )

    async def finish(self, keys: Collection[str], worker_id: int) -> None:
        """Release the worker's claims on endpoints whose visits are recorded, and publish the end of the visits."""
        async with self._pool.connection() as connection:
            await self._run(connection, _FINISH, keys, worker_id)

    async def set_aside(self, key: str, worker_id: int, until: datetime) -> None:
        """Quarantine the endpoint of the worker's claim until then, and publish the end of its visit."""
        async with self._pool.connection() as connection:
            await self._run(
                connection,
                """
                WITH aside AS (
                    UPDATE claims SET worker_id = NULL, deaths = deaths + 1, set_aside_until = %(until)s,
                    times_set_aside = times_set_aside + 1
                    WHERE endpoint_key = ANY(%(keys)s) AND worker_id = %(worker)s
                    RETURNING endpoint_key
                )
                SELECT pg_notify(%(channel)s, endpoint_key) FROM aside
                """,
                [key],
                worker_id,
                until,
            )

    async def all_set_aside(self) -> Sequence[str]:
        """The keys of all quarantined endpoints."""
        async with self._pool.connection() as connection:
            rows = await self._run(
                connection,
                "SELECT endpoint_key FROM claims WHERE set_aside_until > now() ORDER BY endpoint_key",
                (),
            )
        return [key for (key,) in rows]

    async def _run(
        self,
        connection: AsyncConnection[Any],
        statement: LiteralString,
        keys: Collection[str],
        worker_id: int | None = None,
        until: datetime | None = None,
    ) -> list[Any]:
        cursor = await connection.execute(
            statement,
            {
                "keys": list(keys),
                "worker": worker_id,
                "dead": self._heartbeat_timeout_seconds,
                "until": until,
                "channel": VISITED_CHANNEL,
            },
        )
        return await cursor.fetchall() if cursor.description else []
