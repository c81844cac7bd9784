"""Explains database errors to the operator: one sentence with the place and how to fix it.

Only this module translates the drivers' errors. It distinguishes SQLite's by their result codes
(sqlite.org/rescode.html), PostgreSQL's by the class or the whole of their SQLSTATE (its manual,
appendix A), and others by the first line of the driver's message.
"""

from __future__ import annotations

import asyncio
import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from model.ports import UnkeepableError
from model.safe_output.secret_text import masked_urls

DRIVER_ERRORS = (SQLAlchemyError, sqlite3.Error, OSError)
"""What using a database may raise; everything else is an internal error."""


class StoreError(Exception):
    """The store could not do what was requested; the message names the database and how to fix it."""


class AnotherVersionError(StoreError):
    """Another version of tlsprobe has changed the tables: this process must end."""


class VisitRefusedError(StoreError, UnkeepableError):
    """The store cannot store this one visit, though it could store others."""


_SQLITE_PROBLEMS = {
    sqlite3.SQLITE_FULL: ("the disk or the database's size limit is full", "free some space"),
    sqlite3.SQLITE_BUSY: (
        "another process keeps it locked",
        "stop that process, or give this one a database of its own",
    ),
    sqlite3.SQLITE_READONLY: (
        "it is read-only",
        "make the file and its directory writable for this user",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "make sure that its directory exists and that this user may write there",
    ),
    sqlite3.SQLITE_PERM: ("access is denied", "let this user read and write the file"),
    sqlite3.SQLITE_IOERR: (
        "reading or writing the file failed",
        "check the disk and the system's log, and free some space if it is full",
    ),
    sqlite3.SQLITE_NOTADB: ("the file is not an SQLite database", "use another file"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "restore it from a backup, or use another"),
}


_CONNECTION_LOST = (
    "the server does not answer, or ended the connection",
    "start it, or repair the connection to it; tlsprobe continues by itself when it is back",
)
_POSTGRESQL_PROBLEMS = {
    "08": _CONNECTION_LOST,
    "40": ("concurrent writes conflicted", "no action is needed, tlsprobe tries again"),
    "57P": _CONNECTION_LOST,
    "53100": ("the server's disk is full", "free some space"),
    "53": ("the server is short of memory or connections", "raise its limits, or reduce its load"),
    "25006": ("it is read-only", "use the primary server, or allow writing"),
    "28": ("the server does not let this user in", "correct the user and password in the URL"),
    "3D000": ("the server has no database of that name", "create it, or use another"),
    "42501": ("this user may not do that", "make it the owner of the tables of its database"),
    "55": ("another session keeps it locked", "wait, or end the session that holds the lock"),
}
"""The key is the start of an SQLSTATE; the longest match counts."""


def is_environmental(error: BaseException) -> bool:
    """Whether ``error`` comes from the state of the database, so that no statement can succeed now."""
    return _sqlite_code(error) in _SQLITE_PROBLEMS or _postgresql_problem(error) is not None


def explain(error: BaseException, database: str) -> StoreError:
    """The StoreError that explains ``error``, which was raised while using ``database``.

    Raises:
        asyncio.CancelledError: if the current task is being cancelled. The rollback on a lost connection fails, and
            its error takes the place of the cancellation: a task that tries again after errors would never end.
    """
    if _is_cancelled():
        raise asyncio.CancelledError from error
    if isinstance(error, StoreError):
        return error
    code = _sqlite_code(error)
    if code in _SQLITE_PROBLEMS:
        problem, fix = _SQLITE_PROBLEMS[code]
        return StoreError(f"the database {database} cannot be used, {problem}: {fix}")
    if found := _postgresql_problem(error):
        problem, fix = found
        return StoreError(f"the database {database} cannot be used, {problem}: {fix}")
    cause = _cause(error)
    return StoreError(
        f"the database {database} refused ({type(cause).__name__}: {_first_line(cause)}): check that it is reachable and "
        "that this version of tlsprobe made it"
    )


def _is_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread without an event loop
        return False
    return task is not None and task.cancelling() > 0


def _first_line(error: BaseException) -> str:
    lines = masked_urls(str(error)).strip().splitlines()
    return lines[0] if lines else "no message"


def _sqlite_code(error: BaseException) -> int | None:
    """The primary result code; it is the low byte of extended codes."""
    code = getattr(_cause(error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _postgresql_problem(error: BaseException) -> tuple[str, str] | None:
    """The problem and how to fix it; None if the statement is wrong, or if it is another database's error."""
    cause = _cause(error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if not hasattr(cause, "sqlstate"):
        return _CONNECTION_LOST if is_lost else None
    state = cause.sqlstate
    if state is None:
        # The driver itself found that the connection is closed or cannot be made; only the message says which.
        if not is_lost and type(cause).__name__ not in _LOST:
            return None
        problem, fix = _CONNECTION_LOST
        return f"{problem} ({_first_line(cause)})", fix
    fitting = [start for start in _POSTGRESQL_PROBLEMS if state.startswith(start)]
    return _POSTGRESQL_PROBLEMS[max(fitting, key=len)] if fitting else None


_LOST = ("OperationalError", "ConnectionTimeout")


def _cause(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
