"""Exports a whole database to a file of lines, and imports it into an empty database of any kind.

The file is JSON lines in gzip: first a line with the format and the revision of the tables, then a line for each
row, table by table, so that a row follows those it refers to, and last the number of rows. Bytes are base64 and
times are RFC 3339.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, func, insert, select, text
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import IntegrityError

from model.safe_output.private_file import open_private
from storage.database import Database, WritableDatabase
from storage.errors import StoreError
from storage.rows.columns import Compressed, UtcDateTime
from storage.rows.table import Table

_FORMAT: Final = "tlsprobe-database"
_ROWS_AT_ONCE: Final = 1000


def export_rows(database: Database, revision: str, path: Path) -> int:
    """Write every row of one state of the database to ``path``; returns the number of rows. Blocks.

    Raises:
        OSError: if the file cannot be written; the partial file is removed.
    """
    count = 0
    try:
        with (
            database.reading_in_thread() as connection,
            open(path, "xb", opener=open_private) as raw,
            gzip.open(raw, "wt") as file,
        ):
            _put(file, {"format": _FORMAT, "revision": revision})
            for table in Table.metadata.sorted_tables:
                for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
                    select(table).order_by(*table.primary_key.columns)
                ):
                    _put(file, [table.name, [_encoded(value) for value in row]])
                    count += 1
            _put(file, {"rows": count})
    except FileExistsError:
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return count


def import_rows(database: WritableDatabase, revision: str, path: Path) -> int:
    """Write the rows of ``path`` to the tables, all or none; returns the number of rows. Blocks.

    Raises:
        StoreError: if the tables are not empty, or the file is not a complete export of this revision.
        OSError: if the file cannot be read.
    """
    try:
        with gzip.open(path, "rt") as file, database.writing_in_thread() as connection:
            lines = (json.loads(line) for line in file)
            _check_header(next(lines, None), revision, path)
            _check_empty(connection, database)
            count = _insert(connection, lines, path)
            _go_on_counting(connection)
            return count
    except IntegrityError as error:
        raise StoreError(
            f"{path} is not a complete export of a database: export it again"
        ) from error
    except (EOFError, gzip.BadGzipFile, UnicodeDecodeError, ValueError, KeyError) as error:
        raise StoreError(
            f"{path} is not a complete export of a database ({_reason(error)}): export it again"
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile):
        return "it is not compressed with gzip"
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | KeyError):
        return "a line is not what an export contains"
    return str(error)


def _put(file: Any, value: Any) -> None:
    file.write(json.dumps(value, separators=(",", ":")) + "\n")


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, datetime) else value


def _decoded(table: SqlTable, values: Iterable[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, value in zip(table.columns, values, strict=True):
        if value is not None and isinstance(column.type, LargeBinary | Compressed):
            row[column.name] = base64.b64decode(value, validate=True)
        elif value is not None and isinstance(column.type, UtcDateTime):
            row[column.name] = datetime.fromisoformat(value)
        else:
            row[column.name] = value
    return row


def _check_header(header: Any, revision: str, path: Path) -> None:
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError("it does not begin like an export")
    if header["revision"] != revision:
        raise StoreError(
            f"{path} was exported from tables at revision {header['revision']!r}, and this version has "
            f"{revision!r}: run `tlsprobe db upgrade` on the original database, and export again"
        )


def _check_empty(connection: Connection, database: Database) -> None:
    for table in Table.metadata.sorted_tables:
        if connection.scalar(select(func.count()).select_from(table)):
            raise StoreError(
                f"the database {database.name} is not empty (it has {table.name}): import into a new database"
            )


def _insert(connection: Connection, lines: Iterator[Any], path: Path) -> int:
    tables = Table.metadata.tables
    count = 0
    while batch := list(islice(lines, _ROWS_AT_ONCE)):
        by_table: dict[str, list[dict[str, Any]]] = {}
        for line in batch:
            if isinstance(line, dict):
                if line["rows"] != count + sum(map(len, by_table.values())):
                    raise ValueError("rows are missing")
                for name, rows in by_table.items():
                    connection.execute(insert(tables[name]), rows)
                return int(line["rows"])
            name, values = line
            by_table.setdefault(name, []).append(_decoded(tables[name], values))
        for name, rows in by_table.items():
            connection.execute(insert(tables[name]), rows)
            count += len(rows)
    raise ValueError("it ends before its last line")


def _go_on_counting(connection: Connection) -> None:
    """Advance PostgreSQL's sequences, which do not know the ids of imported rows."""
    if connection.dialect.name != "postgresql":
        return
    for table in Table.metadata.sorted_tables:
        if "id" in table.columns:
            statement = (
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) "  # noqa: S608
                f"FROM {table.name}"
            )
            connection.execute(text(statement))
