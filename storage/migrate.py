"""Upgrades a database to this version's tables, and refuses a database that tlsprobe did not create.

The scripts in ``storage/migrations`` are Alembic's. The check and the migration are one transaction
under a lock of the database, so that two processes that open it at once do not both migrate it.
Alembic holds its context in globals, so a process migrates one database at a time.
"""

from __future__ import annotations

import threading

from sqlalchemy import Connection

from storage.database import WritableDatabase
from storage.revision import HEAD, current_revision

_ADVISORY_LOCK = int.from_bytes(b"tlsprobe", "big")  # any number that is ours
_alembic = threading.Lock()


def migrate(database: WritableDatabase) -> str:
    """Create or upgrade all tables; it blocks, so call it outside the event loop.

    Returns:
        the revision of the tables after that.

    Raises:
        StoreError: if a newer version created ``database``, or something other than tlsprobe.
    """
    database.make_private()
    with _alembic, database.writing_in_thread() as connection:
        return upgrade(connection, database.name)


def upgrade(connection: Connection, database: str) -> str:
    """``migrate`` the database named ``database`` over a connection whose caller commits."""
    if connection.dialect.name == "postgresql":
        # SQLite's writers exclude one another anyway.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    if current_revision(connection, database) != HEAD:
        # Most starts find this version's tables, and Alembic takes a tenth of a second to import.
        from storage.migrations.scripts import run_scripts

        run_scripts(connection)
    return HEAD
