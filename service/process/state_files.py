"""Where the small files are that must outlive a process: a service's next to its SQLite database, or in the state
directory, named after its PostgreSQL database; those of scans in the usual directory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

_MEMORY: Final = ":memory:"
_CONNECT_ERRORS: Final = "connect-errors"


def state_base(database: str, state_directory: Path | None) -> Path:
    """The path that the files' names start with.

    Without a ``state_directory``: an SQLite database's own directory; for any other database ``tlsprobe`` in
    ``$XDG_STATE_HOME`` (XDG Base Directory Specification), or in ``~/.local/state`` if that is unset.
    """
    # A scan asks only for the directory of scans, and starts without the database's library.
    from sqlalchemy.engine import make_url

    url = make_url(database)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", _MEMORY}
    if is_file and url.database is not None:
        file = Path(url.database).absolute()
        return file if state_directory is None else state_directory / file.name
    digest = hashlib.sha256(url.set(password=None).render_as_string().encode()).hexdigest()
    return (state_directory or _usual_directory()) / f"tlsprobe-{digest[:16]}"


def connect_errors_directory(database: str, state_directory: Path | None) -> Path:
    """Where a service remembers the broken connections that its visits caused at databases."""
    base = state_base(database, state_directory)
    return base.with_name(f"{base.name}.{_CONNECT_ERRORS}")


def connect_errors_of_scans() -> Path:
    """Where scans of this user remember them."""
    return _usual_directory() / _CONNECT_ERRORS


def _usual_directory() -> Path:
    named = os.environ.get("XDG_STATE_HOME", "")
    home = Path(named) if named.startswith("/") else Path("~/.local/state").expanduser()
    return home / "tlsprobe"
