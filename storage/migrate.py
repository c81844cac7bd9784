"""Brings a database to this version's tables, and refuses one that is not ours to change.

The scripts are Alembic's, in ``storage/migrations``. Looking and migrating are one transaction
under the write lock, so that two processes that open a database at once do not both migrate it.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.errors import StoreError


def migration_config() -> Config:
    """Alembic's configuration for the scripts that are shipped with this package."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    return config


def migrate(connection: Connection, database: str) -> None:
    """Make or upgrade all tables over ``connection``, whose transaction the caller commits.

    Raises:
        StoreError: where a newer version made ``database``, or something other than tlsprobe.
    """
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
