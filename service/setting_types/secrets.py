"""Secrets in settings: the settings say where a secret is, never what it is.

A secret is in an environment variable or in a place of ``secret_places``, and is read together with the settings;
errors and logs name only its place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from model.safe_output.secret_text import SecretMask, secrets_in_url, secrets_of_login
from service.setting_types.secret_places import Rotating, read_place

KNOWN_SECRETS: Final = SecretMask()
"""Masks every secret that this process has read, so that one which replaced another is masked from then on."""


def read_secret(what: str, variable: str | None, file: Path | None) -> str | None:
    """The secret, or None if neither place is named.

    Args:
        what: the setting without its suffix, such as ``password``, for the error message.
        variable: the environment variable with the secret.
        file: the place that contains only the secret, by one of the forms of ``secret_places``.

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
    elif file is not None:
        try:
            found = read_place(str(file))
        except ValueError as error:
            raise ValueError(f"{what}_file {error}") from None
    else:
        return None
    KNOWN_SECRETS.add(forms_of(found))
    return found


def forms_of(secret: str) -> Iterator[str]:
    """The secret, and the secret parts of it if it is a URL."""
    yield secret
    yield from secrets_in_url(secret, with_path=True)


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
    if user is None or password is None:
        return None
    KNOWN_SECRETS.add(secrets_of_login(user, password))
    return user, password


def token_reader(used_by: str, file: Path | None) -> Callable[[], str] | None:
    """Returns the present token at the place ``file`` each time it is called; None without a place.

    The function blocks, and threads may share it. It raises ValueError until the place can be read for the first time.
    """
    if file is None:
        return None
    lock = threading.Lock()
    opened: list[Rotating[str]] = []

    def read() -> str:
        with lock:
            if not opened:
                opened.append(
                    Rotating(used_by, lambda: read_secret("token", None, file) or "", [file])
                )
            return opened[0].current()

    return read
