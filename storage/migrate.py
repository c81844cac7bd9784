"""Brings a database to this version's tables, and refuses one that is not ours to change.

The scripts are Alembic's, in ``storage/migrations``. Looking and migrating are one transaction
under a lock of the database, so that two processes that open it at once do not both migrate it.
Alembic keeps its context in globals, so that within a process one database is migrated at a time.
"""

from __future__ import annotations

import threading

from alembic import command
from sqlalchemy import Connection

from storage.database import WritableDatabase
from storage.revision import current_revision, migration_config, migration_scripts

_ADVISORY_LOCK = int.from_bytes(b"tlsprobe", "big")  # any number that is ours
_alembic = threading.Lock()


def migrate(database: WritableDatabase) -> str:
    """Make or upgrade all tables; blocks, so that it is called beside the event loop.

    Returns:
        the revision that they are of now.

    Raises:
        StoreError: where a newer version made ``database``, or something other than tlsprobe.
    """
    database.make_private()
    with _alembic, database.writing_in_thread() as connection:
        return upgrade(connection, database.name)


def upgrade(connection: Connection, database: str) -> str:
    """``migrate`` the database named ``database`` over a connection whose caller commits."""
    if connection.dialect.name == "postgresql":
        # SQLite's writers exclude one another anyway.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    scripts = migration_scripts()
    head = scripts.get_current_head()
    if head is None:
        raise RuntimeError("no migrations are shipped with this package")
    if current_revision(connection, scripts, database) != head:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head
