"""Secrets in settings: the settings say where a secret is, never what it is.

A secret is in an environment variable or in a file, and is read together with the settings; errors and logs
name only its place.
"""

from __future__ import annotations

import os
from pathlib import Path


def read_secret(what: str, variable: str | None, file: Path | None) -> str | None:
    """The secret, or None if neither place is named.

    Args:
        what: the setting without its suffix, such as ``password``, for the error message.
        variable: the environment variable with the secret.
        file: the file that contains only the secret; surrounding white space is ignored.

    Raises:
        ValueError: if both places are named, or the named one is empty.
    """
    if variable is not None and file is not None:
        raise ValueError(f"set {what}_variable or {what}_file, not both")
    if variable is not None:
        found = os.environ.get(variable, "").strip()
        if not found:
            raise ValueError(
                f"{what}_variable names {variable}, which the environment does not have: set it"
            )
        return found
    if file is None:
        return None
    try:
        found = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{what}_file {file} cannot be read ({reason})") from None
    if not found:
        raise ValueError(f"{what}_file {file} is empty: write the secret into it")
    return found


def read_login(
    user: str | None, password_variable: str | None, password_file: Path | None
) -> tuple[str, str] | None:
    """User and password, or None if neither is set.

    Raises:
        ValueError: if only one of the two is set, or the place of the password is empty.
    """
    password = read_secret("password", password_variable, password_file)
    if (user is None) != (password is None):
        raise ValueError("user and password must be set together: set both, or neither")
    return None if user is None or password is None else (user, password)
