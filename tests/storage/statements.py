"""The statements that a test's code makes SQLAlchemy execute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy import event


@contextmanager
def statements() -> Iterator[list[str]]:
    """The text of each statement that any engine executes meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


def selects(executed: Iterable[str]) -> int:
    """How many of the statements read."""
    return sum(one.startswith(("SELECT", "WITH")) for one in executed)
