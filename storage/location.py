"""What a database URL names: an SQLite file, or a database on a PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from model.frozen import frozen
from model.safe_output.secret_text import masked_url
from storage.errors import StoreError

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_KEEPALIVE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""How libpq detects that a server is gone, in seconds, the last one in milliseconds; a URL may override it."""


@frozen
class Location:
    """A database that can be opened.

    ``name`` is its name in messages; ``path`` is SQLite's file, None for a server; ``options`` go to the driver.
    """

    url: URL
    name: str
    path: Path | None
    options: Mapping[str, object]

    def read_only(self) -> Location:
        """The same database, opened so that SQLite refuses to write (``mode=ro``, sqlite.org/uri.html).

        ``storage.database`` makes each transaction of a server read-only.
        """
        if self.path is None:
            return self
        url = self.url.set(database=self.path.as_uri(), query={"mode": "ro", "uri": "true"})
        return replace(self, url=url)


def locate(url: str, busy_timeout_seconds: float) -> Location:
    """The database that ``url`` names; nothing is opened.

    ``busy_timeout_seconds`` is how long a statement waits for another process's lock on a file.

    Raises:
        StoreError: if the URL does not name a supported database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            f"{masked_url(url)!r} is not a valid database URL: use sqlite:///file.db, or sqlite:////dir/file.db for an absolute path"
        ) from None
    shown = masked_url(url)
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(
            f"the database URL {shown!r} is not supported: "
            "begin it with sqlite:/// or postgresql://"
        )
    parsed = parsed.set(drivername=driver)
    if driver == "sqlite+aiosqlite":
        return _locate_file(parsed, shown, busy_timeout_seconds)
    options = {name: value for name, value in _KEEPALIVE.items() if name not in parsed.query}
    return Location(url=parsed, name=shown, path=None, options=options)


def _locate_file(url: URL, shown: str, busy_timeout_seconds: float) -> Location:
    if not url.database or url.database == ":memory:" or url.query:
        raise StoreError(
            f"the database URL {shown!r} does not name a file, so results would be lost: "
            "use sqlite:///file.db"
        )
    path = Path(url.database).absolute()
    return Location(
        url=url.set(database=os.fspath(path)),
        name=os.fspath(path),
        path=path,
        options={"isolation_level": None, "timeout": busy_timeout_seconds},
    )
