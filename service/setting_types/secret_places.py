"""Where a secret may be besides an environment variable: a file, a systemd credential, Vault, or AWS.

Kubernetes and Docker mount secrets as files. A place is read when a setting is; a place that changed is read again
while the service runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

Value = TypeVar("Value")

CREDENTIAL: Final = "credential:"
VAULT: Final = "vault:"
AWS: Final = ("aws-secret:", "aws-parameter:", "aws-kms:")
_LARGEST_BYTES: Final = 65_536
_CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
_RENEWAL_SECONDS: Final = 300.0
"""A secret of a manager is read again after this time, because the manager does not say when it changes."""


def _log() -> BoundLogger:
    """The service's log; a command that reads one secret logs nothing, and structlog takes 0.1 s to import."""
    from structlog.stdlib import get_logger

    logger: BoundLogger = get_logger("tlsprobe")
    return logger


def read_place(place: str) -> str:
    """The secret at ``place`` without surrounding white space: a path, ``credential:NAME``, ``vault:PATH#KEY``,
    ``aws-secret:NAME#KEY``, ``aws-parameter:NAME#KEY`` or ``aws-kms:FILE``.

    Raises:
        ValueError: if it cannot be read or is empty; the message is a clause without the secret.
    """
    if place.startswith(VAULT):
        return _not_empty(_in_vault(place), place)
    if place.startswith(AWS):
        return _not_empty(_in_aws(place), place)
    file = _file_of(place)
    try:
        with file.open(encoding="utf-8") as opened:
            found = opened.read(_LARGEST_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{place} cannot be read ({reason})") from None
    return _not_empty(found, place)


def read_file_or_secret(place: Path) -> bytes:
    """What is in the file or credential at ``place``, byte by byte, or the text that a manager has there.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if the secret cannot be read; the message is a clause without the secret.
    """
    text = str(place)
    return read_place(text).encode() if _is_of_manager(text) else _file_of(text).read_bytes()


def _is_of_manager(place: str) -> bool:
    return place.startswith((VAULT, *AWS))


def _in_vault(place: str) -> str:
    # The HTTP client is loaded only if a secret needs it.
    from service.setting_types.vault import VaultError, read_from_vault

    try:
        return read_from_vault(place.removeprefix(VAULT))
    except VaultError as error:
        raise ValueError(f"{place} cannot be read ({error})") from None


def _in_aws(place: str) -> str:
    try:
        from service.setting_types.aws_secrets import AwsSecretError, read_from_aws
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{place} needs the Python package {error.name}: install tlsprobe[aws]"
        ) from None
    try:
        return read_from_aws(place)
    except AwsSecretError as error:
        raise ValueError(f"{place} cannot be read ({error})") from None


def _not_empty(found: str, place: str) -> str:
    secret = found.strip()
    if not secret:
        raise ValueError(f"{place} is empty: write the secret into it")
    return secret


def _file_of(place: str) -> Path:
    """The file; a credential's is in the directory that systemd made for the unit (systemd.exec(5), Credentials)."""
    if not place.startswith(CREDENTIAL):
        return Path(place)
    name, directory = place.removeprefix(CREDENTIAL), os.environ.get(_CREDENTIALS_DIRECTORY, "")
    if not name or "/" in name:
        raise ValueError(f"{place} must be {CREDENTIAL}NAME, with the name of LoadCredential=")
    if not directory:
        raise ValueError(
            f"{place} needs {_CREDENTIALS_DIRECTORY}, which the environment does not have: add "
            f"LoadCredential={name}:FILE to the systemd unit"
        )
    return Path(directory, name)


class Rotating(Generic[Value]):
    """A value that ``make`` builds from the secrets at ``places``; it is built again after one of them changed.

    If that fails, the last value stays, and the failure is logged once.
    """

    def __init__(
        self,
        what: str,
        make: Callable[[], Value],
        places: Iterable[object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._now = now
        self._make = make
        self._places = tuple(str(place) for place in places if place is not None)
        self._seen = self._look()
        self._value = make()
        self._failed: tuple[object, ...] = ()
        """The places as they were when they failed last: each failure is logged once."""

    def current(self) -> Value:
        """The value by the present secrets; blocks while they are read."""
        seen = self._look()
        if seen == self._seen:
            return self._value
        log = _log()
        try:
            self._value, self._seen, self._failed = self._make(), seen, ()
        except ValueError as error:
            if seen != self._failed:
                self._failed = seen
                log.error(
                    "a secret cannot be read again, the last one stays in use",
                    used_by=self._what,
                    reason=str(error),
                )
        else:
            log.info("a secret has changed and is in use", used_by=self._what)
        return self._value

    def _look(self) -> tuple[object, ...]:
        return tuple(_fingerprint(place, self._now()) for place in self._places)


def _fingerprint(place: str, now: float) -> object:
    """What changes with the secret: the file's identity and times, or the period of a manager."""
    if _is_of_manager(place):
        return int(now // _RENEWAL_SECONDS)
    try:
        status = _file_of(place).stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
