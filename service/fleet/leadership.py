"""Elects a leader among several schedulers: the leader holds an advisory lock of the database.

The lock belongs to a connection, which ends with its process. If a machine vanishes, TCP keepalives end the
connection within seconds (postgresql.org/docs, "Advisory Locks" and "Connections and Authentication"). Two
leaders for a moment do no harm: claims keep an endpoint from being visited twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo

from service.fleet.leases import VISITED_CHANNEL
from service.fleet.queue import libpq_url

_LOCK: Final = int.from_bytes(b"tlsplead", "big")
_TRY_AGAIN_SECONDS: Final = 5.0
_ASK_EVERY_SECONDS: Final = 5.0
_ANSWER_WITHIN_SECONDS: Final = 10.0
_KEEPALIVE: Final = {"idle": 5, "interval": 3, "count": 3}
"""Each end detects within 14 s that the other is gone."""

_LOG = structlog.stdlib.get_logger("tlsprobe")


class LeadLostError(Exception):
    """The connection that holds the lock is closed; another process may lead."""


class LeadershipTerm:
    """The time in which this process leads, over the connection that holds the lock."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def listen(self) -> None:
        """Receive all reports of visits from now on. Raises LeadLostError."""
        try:
            await self._connection.execute(f"LISTEN {VISITED_CHANNEL}".encode())
        except psycopg.Error as error:
            raise LeadLostError(str(error)) from error

    async def watch(self, on_visited: Callable[[str], None]) -> None:
        """Yield the key of each endpoint whose visit ended; ends only with an error.

        Raises:
            LeadLostError: if the connection is gone, or does not answer.
        """
        try:
            while True:
                async for notice in self._connection.notifies(timeout=_ASK_EVERY_SECONDS):
                    on_visited(notice.payload)
                async with asyncio.timeout(_ANSWER_WITHIN_SECONDS):
                    await self._connection.execute("SELECT 1")
        except (psycopg.Error, TimeoutError) as error:
            raise LeadLostError(str(error)) from error


@asynccontextmanager
async def campaign(url: str) -> AsyncIterator[LeadershipTerm]:
    """Wait until this process leads, however long that takes."""
    connection = await _elected(url)
    try:
        yield LeadershipTerm(connection)
    finally:
        await connection.close()


async def _elected(url: str) -> AsyncConnection[Any]:
    is_told = False
    while True:
        try:
            connection = await _connect(url)
        except psycopg.Error as error:
            _LOG.warning("the database cannot be reached for leader election", reason=str(error))
        else:
            if await _is_locked(connection):
                return connection
            await connection.close()
            if not is_told:
                _LOG.info("another scheduler is the leader, this one is on standby")
                is_told = True
        await asyncio.sleep(_TRY_AGAIN_SECONDS)


async def _connect(url: str) -> AsyncConnection[Any]:
    keepalives = {f"keepalives_{name}": value for name, value in _KEEPALIVE.items()}
    where = make_conninfo(
        libpq_url(url),
        application_name="tlsprobe leader",
        connect_timeout=int(_ANSWER_WITHIN_SECONDS),
        **keepalives,
    )
    connection = await AsyncConnection.connect(where, autocommit=True)
    for name, value in _KEEPALIVE.items():
        setting = sql.Identifier(f"tcp_keepalives_{name}")
        await connection.execute(sql.SQL("SET {} = {}").format(setting, sql.Literal(value)))
    return connection


async def _is_locked(connection: AsyncConnection[Any]) -> bool:
    try:
        found = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        row = await found.fetchone()
    except psycopg.Error:
        return False
    return row is not None and bool(row[0])
