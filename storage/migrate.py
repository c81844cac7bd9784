"""Brings a database to this version's tables, and refuses one that is not ours to change.

The scripts are Alembic's, in ``storage/migrations``. Looking and migrating are one transaction
under a lock of the database, so that two processes that open it at once do not both migrate it.
Alembic keeps its context in globals, so that within a process one database is migrated at a time.
"""

from __future__ import annotations

import threading

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.database import Database
from storage.errors import StoreError

_ADVISORY_LOCK = int.from_bytes(b"tlsprobe", "big")  # any number that is ours
_alembic = threading.Lock()


def migration_config() -> Config:
    """Alembic's configuration for the scripts that are shipped with this package."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migrate(database: Database) -> str:
    """Make or upgrade all tables; blocks, so that it is called beside the event loop.

    Returns:
        the revision that they are of now.

    Raises:
        StoreError: where a newer version made ``database``, or something other than tlsprobe.
    """
    database.make_private()
    with _alembic, database.writing_in_thread() as connection:
        return upgrade(connection, database.name)


def check_revision(database: Database) -> str:
    """The revision of the tables, which must be this version's; blocks, and changes nothing.

    Raises:
        StoreError: where there are none, or those of another version.
    """
    if database.is_missing():
        raise StoreError(
            f"there is no database {database.name}: name the one that the service keeps (--database)"
        )
    with _alembic, database.reading_in_thread() as connection:
        current = _current(connection, _scripts(), database.name)
    if current is None:
        raise StoreError(
            f"the database {database.name} is empty: name the one that the service keeps (--database)"
        )
    if current != _scripts().get_current_head():
        raise StoreError(
            f"the database {database.name} was made by an older version of tlsprobe (its tables are "
            f"of revision {current!r}): start the service, or run `tlsprobe db upgrade`"
        )
    return current


def upgrade(connection: Connection, database: str) -> str:
    """``migrate`` the database named ``database`` over a connection whose caller commits."""
    if connection.dialect.name == "postgresql":
        # SQLite's writers exclude one another anyway.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    scripts = _scripts()
    head = scripts.get_current_head()
    if head is None:
        raise RuntimeError("no migrations are shipped with this package")
    if _current(connection, scripts, database) != head:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(migration_config())


def _current(connection: Connection, scripts: ScriptDirectory, database: str) -> str | None:
    """The revision of the tables; None where there are none at all."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        _refuse_foreign_tables(connection, database)
    elif current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the database {database} was made by a newer version of tlsprobe (its tables are of "
            f"revision {current!r}): use that version or a newer one, or name another database"
        )
    return current


def _refuse_foreign_tables(connection: Connection, database: str) -> None:
    tables = inspect(connection).get_table_names()
    if tables:
        raise StoreError(
            f"the database {database} belongs to something else (it has a table {tables[0]!r} and "
            "no tlsprobe revision): name another database"
        )
