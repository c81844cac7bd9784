"""The database's URL, whose password may be in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.setting_types.secrets import read_secret

DEFAULT_DATABASE = "sqlite:///tlsprobe.db"


def values_with_password(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings' values, in which ``database`` has the password that ``database_password_file`` contains.

    So the URL is opened, compared and masked as any other.

    Raises:
        ValueError: if the URL has no place for a password or has one already, or the file cannot be read.
    """
    file = values.get("database_password_file")
    if not isinstance(file, str | Path):
        return dict(values)
    url = values.get("database", DEFAULT_DATABASE)
    return {**values, "database": _with_password(str(url), Path(file))}


def _with_password(url: str, file: Path) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() != "postgresql" or not parsed.username:
        raise ValueError(
            "database_password_file needs a user: set `database` to a URL of PostgreSQL that names the user "
            "before the host, or remove database_password_file"
        )
    if parsed.password is not None or "password" in parsed.query:
        raise ValueError(
            "database_password_file: `database` has a password too: remove one of them"
        )
    password = read_secret("database_password", None, file)
    return parsed.set(password=password).render_as_string(hide_password=False)
