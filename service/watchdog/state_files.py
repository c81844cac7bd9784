"""Where a service stores the small files that must outlive a crash: next to its SQLite database, or in the state
directory, named after its PostgreSQL database."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

_MEMORY: Final = ":memory:"


def state_base(database: str, state_directory: Path | None) -> Path:
    """The path that the files' names start with.

    Without a ``state_directory``: an SQLite database's own directory; for any other database ``tlsprobe`` in
    ``$XDG_STATE_HOME`` (XDG Base Directory Specification), or in ``~/.local/state`` if that is unset.
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
