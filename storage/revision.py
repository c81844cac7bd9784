"""Determines the revision of a database's tables, without changing anything and without importing Alembic."""

from __future__ import annotations

import pkgutil
from typing import Final

from sqlalchemy import Connection, inspect

from storage.database import SELECT_REVISION, Database
from storage.errors import StoreError
from storage.migrations import versions

REVISIONS: Final = tuple(
    sorted(name[1:].partition("_")[0] for _, name, _ in pkgutil.iter_modules(versions.__path__))
)
"""The revisions of the scripts that ship with this package, oldest first; the files have them in their names."""

HEAD: Final = REVISIONS[-1]
_REVISION_TABLE: Final = "alembic_version"


def check_revision(database: Database) -> str:
    """The revision of the tables, which must be this version's; blocks, and changes nothing.

    Raises:
        StoreError: if there are no tables, or those of another version.
    """
    if database.is_missing():
        raise StoreError(
            f"the database {database.name} does not exist: give the service's database with --database"
        )
    with database.reading_in_thread() as connection:
        current = current_revision(connection, database.name)
    if current is None:
        raise StoreError(
            f"the database {database.name} is empty: give the service's database with --database"
        )
    if current != HEAD:
        raise StoreError(
            f"the database {database.name} was created by an older version of tlsprobe (its tables are "
            f"at revision {current!r}): start the service, or run `tlsprobe db upgrade`"
        )
    return current


def current_revision(connection: Connection, database: str) -> str | None:
    """The revision of the tables of the database named ``database``; None if it has no tables at all.

    Raises:
        StoreError: if a newer version created the tables, or something other than tlsprobe.
    """
    tables = inspect(connection).get_table_names()
    current = connection.scalar(SELECT_REVISION) if _REVISION_TABLE in tables else None
    if current is None:
        if tables:
            raise StoreError(
                f"the database {database} belongs to something else (it has a table {tables[0]!r} and "
                "no tlsprobe revision): use another database"
            )
        return None
    if current not in REVISIONS:
        raise StoreError(
            f"the database {database} was created by a newer version of tlsprobe (its tables are at "
            f"revision {current!r}): use that version or a newer one, or use another database"
        )
    return str(current)
