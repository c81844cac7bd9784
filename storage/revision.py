"""Determines the revision of a database's tables, without changing anything."""

from __future__ import annotations

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.database import Database
from storage.errors import StoreError


def migration_config() -> Config:
    """Alembic's configuration for the scripts that ship with this package."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migration_scripts() -> ScriptDirectory:
    """The scripts that ship with this package."""
    return ScriptDirectory.from_config(migration_config())


def check_revision(database: Database) -> str:
    """The revision of the tables, which must be this version's; blocks, and changes nothing.

    Raises:
        StoreError: if there are no tables, or those of another version.
    """
    if database.is_missing():
        raise StoreError(
            f"the database {database.name} does not exist: give the service's database with --database"
        )
    scripts = migration_scripts()
    with database.reading_in_thread() as connection:
        current = current_revision(connection, scripts, database.name)
    if current is None:
        raise StoreError(
            f"the database {database.name} is empty: give the service's database with --database"
        )
    if current != scripts.get_current_head():
        raise StoreError(
            f"the database {database.name} was created by an older version of tlsprobe (its tables are "
            f"at revision {current!r}): start the service, or run `tlsprobe db upgrade`"
        )
    return current


def current_revision(connection: Connection, scripts: ScriptDirectory, database: str) -> str | None:
    """The revision of the tables of the database named ``database``; None if it has no tables at all.

    Raises:
        StoreError: if a newer version created the tables, or something other than tlsprobe.
    """
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        _refuse_foreign_tables(connection, database)
    elif current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the database {database} was created by a newer version of tlsprobe (its tables are at "
            f"revision {current!r}): use that version or a newer one, or use another database"
        )
    return current


def _refuse_foreign_tables(connection: Connection, database: str) -> None:
    tables = inspect(connection).get_table_names()
    if tables:
        raise StoreError(
            f"the database {database} belongs to something else (it has a table {tables[0]!r} and "
            "no tlsprobe revision): use another database"
        )
