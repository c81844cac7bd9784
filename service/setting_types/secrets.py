"""Secrets in settings: where they are, never what they are.

A secret is in an environment variable or in a file, and is read when the settings are; neither an error
nor a log says more of it than its place.
"""

from __future__ import annotations

import os
from pathlib import Path


def read_secret(what: str, variable: str | None, file: Path | None) -> str | None:
    """The secret, or None where neither place is named.

    Args:
        what: the setting without its ending, such as ``password``, for the error's sentence.
        variable: the environment variable that has it.
        file: the file that has it, alone; space around it is not its own.

    Raises:
        ValueError: where both places are named, or the named one has nothing.
    """
    if variable is not None and file is not None:
        raise ValueError(f"give {what}_variable or {what}_file, not both")
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
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ValueError(f"{what}_file {file} cannot be read ({reason})") from None
    if not found:
        raise ValueError(f"{what}_file {file} is empty: write the secret into it")
    return found


def read_login(
    user: str | None, password_variable: str | None, password_file: Path | None
) -> tuple[str, str] | None:
    """User and password, or None where neither is set.

    Raises:
        ValueError: where only one of the two is set, or the place of the password has nothing.
    """
    password = read_secret("password", password_variable, password_file)
    if (user is None) != (password is None):
        raise ValueError("a user and a password go together: give both or neither")
    return None if user is None or password is None else (user, password)
