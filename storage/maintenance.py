"""Operations on a whole database: upgrade, check, vacuum, export and import.

Every function blocks, and raises a StoreError of one sentence if anything fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, func, select

from model.frozen import frozen
from storage.database import Database, connect, connect_for_reading
from storage.errors import DRIVER_ERRORS, StoreError, explain
from storage.migrate import migrate
from storage.reading.observations import certificates_of
from storage.retention import Retention, prune
from storage.retention_clock import read_retention_time
from storage.revision import check_revision
from storage.rows.body import Body, decode_body
from storage.rows.table import Table
from storage.rows.tables import EvidenceRow, ObservationRow, StatusRow
from storage.transfer import export_rows, import_rows

_BUSY_SECONDS: Final = 30.0
_ROWS_AT_ONCE: Final = 500

Opened = TypeVar("Opened", bound=Database)


def upgrade_database(url: str) -> str:
    """Create or upgrade the tables; returns their new revision."""
    with _opened(url, connect) as database:
        return migrate(database)


def check_database(url: str) -> tuple[dict[str, int], list[str]]:
    """The number of rows of each table, and a sentence for each problem.

    Every observation is decoded; SQLite also checks its pages and references.
    """
    with _opened(url, connect_for_reading) as database:
        check_revision(database)
        with database.reading_in_thread() as connection:
            problems = [*_structure_problems(connection), *_unreadable(connection)]
            counts = {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in Table.metadata.sorted_tables
            }
        return counts, problems


@frozen
class DatabaseCondition:
    """``server_time`` is the clock of the database's machine; None for a file. ``newest_visit_at`` is the time of
    the newest visit that is stored; None without any."""

    name: str
    revision: str
    server_time: datetime | None
    newest_visit_at: datetime | None


def examine_database(url: str) -> DatabaseCondition:
    """Whether the database can be used by this version; changes nothing."""
    with _opened(url, connect_for_reading) as database:
        revision = check_revision(database)
        with database.reading_in_thread() as connection:
            is_file = connection.dialect.name == "sqlite"
            return DatabaseCondition(
                name=database.name,
                revision=revision,
                server_time=None if is_file else connection.scalar(select(func.clock_timestamp())),
                newest_visit_at=connection.scalar(select(func.max(StatusRow.started_at))),
            )


def tidy_database(
    url: str, retention: Retention, now: datetime, *, is_clock_right: bool = False
) -> Mapping[str, int]:
    """Delete data whose ``retention`` has ended, and return the space to the disk.

    The result is the number of deleted rows of each kind. SQLite rewrites the whole file, and needs the same amount of
    space again. Nothing is deleted if the clock is implausibly far ahead, unless ``is_clock_right``.
    """
    with _opened(url, connect) as database:
        check_revision(database)

        async def forget() -> Mapping[str, int]:
            try:
                if not is_clock_right:
                    await _check_clock(database, now)
                return (await prune(database, retention, now, is_clock_right=is_clock_right)).counts
            finally:
                await database.close()

        pruned = asyncio.run(forget())
        database.vacuum()
        return pruned


async def _check_clock(database: Database, now: datetime) -> None:
    async with database.reading() as connection:
        time = await read_retention_time(connection, now, timedelta())
    if time.held_back:
        raise StoreError(
            f"the clock shows {now:%Y-%m-%d %H:%M}, and the database was last in use "
            f"{time.held_back.days} days before that, so nothing was deleted: correct the clock, or use "
            "--trust-clock if it is right"
        )


def export_database(url: str, path: Path) -> int:
    """Write the whole database to a new file; returns the number of rows."""
    with _opened(url, connect_for_reading) as database, _file(path):
        return export_rows(database, check_revision(database), path)


def import_database(url: str, path: Path) -> int:
    """Fill an empty or new database from a file; returns the number of rows. Without the file, none is created."""
    with _file(path), path.open("rb"), _opened(url, connect) as database:
        return import_rows(database, migrate(database), path)


@contextmanager
def _opened(url: str, open_at: Callable[[str, float], Opened]) -> Iterator[Opened]:
    database = open_at(url, _BUSY_SECONDS)
    try:
        yield database
    except DRIVER_ERRORS as error:
        raise explain(error, database.name) from error


@contextmanager
def _file(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise StoreError(f"{path} already exists: use a new file") from None
    except OSError as error:
        raise StoreError(f"{path}: {(error.strerror or str(error)).lower()}") from error


def _structure_problems(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for table, row_id, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"row {row_id} of {table} refers to a missing row of {parent}"


def _unreadable(connection: Connection) -> Iterator[str]:
    bodies = select(ObservationRow.id, ObservationRow.facts, EvidenceRow.proofs).outerjoin(
        EvidenceRow, EvidenceRow.observation_id == ObservationRow.id
    )
    found: Any = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(bodies)
    for rows in found.partitions():
        certificates: Any = connection.execute(certificates_of([row.id for row in rows]))
        ders = {row.sha256: row.der for row in certificates}
        for row in rows:
            try:
                decode_body(Body(facts=row.facts, proofs=row.proofs), ders)
            except ValueError as error:
                yield f"observation {row.id} cannot be read: {error}"
