"""Opens a database by its URL, and starts all transactions on it in the same way.

SQLite runs in WAL mode with ``synchronous=FULL``: committed data survives a killed process and a power
failure (sqlite.org/pragma.html#pragma_synchronous). This module starts transactions itself, because the
driver of Python 3.11 leaves reads and DDL outside of them (docs.sqlalchemy.org, "SQLite Transactions"):
writers take the write lock at once, so none finds it taken halfway through.
"""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from model.frozen import frozen
from model.safe_output.private_file import make_private
from storage.errors import DRIVER_ERRORS, AnotherVersionError, StoreError, explain
from storage.location import Location, locate

_ONE_STATE: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""A PostgreSQL transaction whose statements all see the same rows, and which cannot write.

Each transaction sets this itself: a session setting (``default_transaction_read_only``) would remain on a
connection that a pooler such as PgBouncer then gives to the service.
"""

_FOR_WRITING = "tlsprobe_for_writing"
SELECT_REVISION = text("SELECT version_num FROM alembic_version")


@frozen
class FileIdentity:
    """The file that a path referred to when it was opened."""

    path: Path
    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """The identity of the file now at ``path``; OSError if there is none."""
        status = path.stat()
        return cls(path=path, device=status.st_dev, inode=status.st_ino)

    def is_unchanged(self) -> bool:
        """Whether the path still refers to the same file."""
        try:
            return FileIdentity.of(self.path) == self
        except OSError:
            return False


class Database:
    """A database's connections for reading, and its name for messages."""

    def __init__(self, location: Location) -> None:
        self.name = location.name
        self._location = location
        self._file: FileIdentity | None = None
        self._revision: str | None = None
        # A server may have restarted since a connection was last used; a file cannot.
        self._engine = create_async_engine(
            location.url, connect_args=dict(location.options), pool_pre_ping=self._path is None
        )
        self._prepare(self._engine.sync_engine)
        # SQLite's BEGIN fixes one state of the file; PostgreSQL's default level reads a new state with each statement.
        self._reading_engine = (
            self._engine if self._path is not None else self._engine.execution_options(**_ONE_STATE)
        )

    @property
    def _path(self) -> Path | None:
        return self._location.path

    def is_missing(self) -> bool:
        """Whether the file does not exist; False for a server, because only the server knows its databases."""
        return self._path is not None and not self._path.exists()

    @property
    def readers_besides_owner(self) -> str | None:
        """The file's mode in octal if others than its owner may read it; else None, as for a server."""
        if self._path is None or not self._path.exists():
            return None
        mode = stat.S_IMODE(self._path.stat().st_mode)
        return f"{mode:04o}" if mode & 0o077 else None

    def remember(self, revision: str) -> None:
        """Remember the tables' revision and the open file; any other revision or file is not written to from now on."""
        self._revision = revision
        if self._path is not None:
            self._file = FileIdentity.of(self._path)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database and does not wait for writers.

        Raises:
            StoreError: if the driver raises anything.
        """
        self._refuse_another_file()
        try:
            async with self._reading_engine.begin() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise explain(error, self.name) from error

    async def check_revision(self) -> None:
        """Check that the tables still have the revision that was opened.

        Raises:
            AnotherVersionError: if another version has changed them.
            StoreError: if the database cannot be read.
        """
        async with self.reading() as connection:
            self._refuse_another_revision(await connection.scalar(SELECT_REVISION))

    @contextmanager
    def reading_in_thread(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database, for code that blocks."""
        engine = self._blocking()
        if self._path is None:
            engine = engine.execution_options(**_ONE_STATE)
        with engine.begin() as connection:
            yield connection

    def _blocking(self) -> Engine:
        # PostgreSQL's driver does both; SQLite has a separate driver for each.
        url = self._location.url
        url = url.set(drivername=url.drivername.removesuffix("+aiosqlite"))
        engine = create_engine(url, connect_args=dict(self._location.options), poolclass=NullPool)
        self._prepare(engine)
        return engine

    def _prepare(self, engine: Engine) -> None:
        """Set up each connection of ``engine``, and start its transactions ourselves."""
        if engine.dialect.name == "sqlite":
            event.listen(engine, "begin", _begin_sqlite_transaction)
        else:
            event.listen(engine, "connect", _prepare_postgresql_connection)

    async def close(self) -> None:
        """Close all connections; the last one folds the write-ahead log into the database."""
        await self._engine.dispose()

    def _refuse_another_revision(self, revision: str | None) -> None:
        if self._revision is not None and revision != self._revision:
            raise AnotherVersionError(
                f"the database {self.name} was changed by another version of tlsprobe while this one "
                f"used it (its tables are at revision {revision!r} now): stop this one, and run one "
                "version only"
            )

    def _refuse_another_file(self) -> None:
        # Check before, because a new connection would create a file; and after, because an open one keeps writing.
        # Overwriting in place keeps the inode; deleting and renaming do not.
        if self._file is not None and not self._file.is_unchanged():
            raise StoreError(
                f"the database {self.name} was deleted or replaced while it was in use: "
                "restart tlsprobe, which then opens the present file or creates a new one"
            )


class WritableDatabase(Database):
    """A database's connections for reading and for writing."""

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self._writing_engine = self._engine.execution_options(**{_FOR_WRITING: True})

    def make_private(self) -> None:
        """Create the file if it is missing, readable only by its owner; SQLite's log and index get the same mode.

        If it cannot be created, SQLite gives the reason when it opens it.
        """
        if self._path is not None:
            with suppress(OSError):
                make_private(self._path)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction with exclusive write access; durable once the block has ended without an error.

        Raises:
            StoreError: if the file was deleted or replaced since it was opened, which SQLite itself would
            not notice.
            AnotherVersionError: if another version of tlsprobe has changed the tables.
        """
        self._refuse_another_file()
        async with self._writing_engine.begin() as connection:
            self._refuse_another_revision(await connection.scalar(SELECT_REVISION))
            yield connection
            self._refuse_another_file()

    @contextmanager
    def writing_in_thread(self) -> Iterator[Connection]:
        """A transaction with exclusive write access, for code that blocks; call it outside the event loop."""
        with self._blocking().execution_options(**{_FOR_WRITING: True}).begin() as connection:
            yield connection

    def vacuum(self) -> None:
        """Return unused space to the disk; blocks, outside of any transaction."""
        raw = self._blocking().raw_connection()
        try:
            connection: Any = raw.driver_connection
            if self._path is None:
                connection.autocommit = True
            connection.execute("VACUUM" if self._path is not None else "VACUUM (ANALYZE)")
        finally:
            raw.close()

    def _prepare(self, engine: Engine) -> None:
        super()._prepare(engine)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite_connection)


def connect(url: str, busy_timeout_seconds: float) -> WritableDatabase:
    """The database at ``url``, for reading and writing; nothing is opened yet.

    ``busy_timeout_seconds`` is how long a statement waits for another process's lock.

    Raises:
        StoreError: if the URL does not name a supported database.
    """
    location = locate(url, busy_timeout_seconds)
    if location.path is not None and not location.path.parent.is_dir():
        raise StoreError(
            f"the database {location.name} cannot be created, its directory does not exist: "
            f"create {location.path.parent} or use another file"
        )
    with _driver_of(location):
        return WritableDatabase(location)


def connect_for_reading(url: str, busy_timeout_seconds: float) -> Database:
    """The database at ``url``, with connections that cannot write; nothing is opened yet.

    ``busy_timeout_seconds`` is how long a statement waits for another process's lock.

    Raises:
        StoreError: if the URL does not name a supported database.
    """
    location = locate(url, busy_timeout_seconds)
    with _driver_of(location):
        return Database(location.read_only())


@contextmanager
def _driver_of(location: Location) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the database {location.name} needs the Python package {error.name}: install it next to tlsprobe"
        ) from error


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _prepare_postgresql_connection(connection: Any, _record: object) -> None:
    """Our queries read few rows of large tables: compiling them or starting workers takes longer than they do.

    With the time zone UTC, the driver makes the times that we use, and none has to be converted.
    """
    cursor = connection.cursor()
    try:
        for setting in ("jit = off", "max_parallel_workers_per_gather = 0", "timezone = 'UTC'"):
            cursor.execute(f"SET {setting}")
        connection.commit()
    finally:
        cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    is_for_writing = connection.get_execution_options().get(_FOR_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_for_writing else "BEGIN")
