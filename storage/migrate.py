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


def migrate(database: Database) -> None:
    """Make or upgrade all tables; blocks, so that it is called beside the event loop.

    Raises:
        StoreError: where a newer version made ``database``, or something other than tlsprobe.
    """
    with _alembic, database.writing_in_thread() as connection:
        upgrade(connection, database.name)


def upgrade(connection: Connection, database: str) -> None:
    """``migrate`` the database named ``database`` over a connection whose caller commits."""
    if connection.dialect.name == "postgresql":
        # SQLite's writers exclude one another anyway.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    config = migration_config()
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is None:
        _refuse_foreign_tables(connection, database)
    elif current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the database {database} was made by a newer version of tlsprobe (its tables are of "
            f"revision {current!r}): use that version or a newer one, or name another database"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_foreign_tables(connection: Connection, database: str) -> None:
    tables = inspect(connection).get_table_names()
    if tables:
        raise StoreError(
            f"the database {database} belongs to something else (it has a table {tables[0]!r} and "
            "no tlsprobe revision): name another database"
        )
