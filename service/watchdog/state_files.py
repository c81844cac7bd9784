"""Where a service keeps the few small files that must outlive a crash: next to its SQLite database, or named
after its PostgreSQL database in the state directory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

_MEMORY: Final = ":memory:"


def state_base(database: str, state_directory: Path | None) -> Path:
    """The path that the files' names begin with.

    Without a ``state_directory`` that of an SQLite database is its own directory, and of any other database
    ``tlsprobe`` in ``$XDG_STATE_HOME`` (XDG Base Directory Specification), ``~/.local/state`` where unset.
    """
    url = make_url(database)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", _MEMORY}
    if is_file and url.database is not None:
        file = Path(url.database).absolute()
        return file if state_directory is None else state_directory / file.name
    digest = hashlib.sha256(url.set(password=None).render_as_string().encode()).hexdigest()
    return (state_directory or _usual_directory()) / f"tlsprobe-{digest[:16]}"


def _usual_directory() -> Path:
    named = os.environ.get("XDG_STATE_HOME", "")
    home = Path(named) if named.startswith("/") else Path("~/.local/state").expanduser()
    return home / "tlsprobe"
