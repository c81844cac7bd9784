"""The statements that a test's code makes SQLAlchemy execute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy import event


@contextmanager
def statements() -> Iterator[list[str]]:
    """The text of each statement that any engine executes meanwhile.

    For many rows of parameters psycopg executes a statement once for each row, so it is there as often.
    """
    found: list[str] = []

    def note(
        connection: sqlalchemy.Connection,
        _cursor: object,
        statement: str,
        parameters: Sized,
        _context: object,
        is_for_many: bool,
    ) -> None:
        is_repeated = is_for_many and connection.dialect.name == "postgresql"
        found.extend([statement] * (len(parameters) if is_repeated else 1))

    event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def selects(executed: Iterable[str]) -> int:
    """How many of the statements read."""
    return sum(one.startswith(("SELECT", "WITH")) for one in executed)
