"""Records in a file which endpoints are being visited; the file outlives the process.

A process that a visit kills, or whose event loop a visit blocks forever, can no longer report anything; so each
visit is recorded before it begins. The lock on the file ends with its process: an unlocked file shows what was in
flight when its process died. Nothing is synced to the disk, because no server can cause a power failure.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import structlog

from model.frozen import frozen

_MARK: Final = ".in-flight-"
_COMPACT_BYTES: Final = 2**18
"""A larger file is rewritten without the visits that have ended."""

_LOG = structlog.stdlib.get_logger("tlsprobe")


class InFlight:
    """The visits of this process, in a file once it is open. If no file can be written, a warning is logged."""

    def __init__(self, base: Path, compact_bytes: int = _COMPACT_BYTES) -> None:
        self._compact_bytes = compact_bytes
        self._path = base.with_name(f"{base.name}{_MARK}{secrets.token_hex(4)}")
        self._running: Counter[str] = Counter()
        self._size = 0
        self._has_warned = False
        self._file: int | None = None

    def open(self) -> None:
        """Create the file; ``close`` removes it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            self._warn(error)

    @contextmanager
    def visiting(self, endpoint_key: str) -> Iterator[None]:
        """Record the endpoint as in flight during the block."""
        self._running[endpoint_key] += 1
        self._append(_line(+1, endpoint_key))
        try:
            yield
        finally:
            self._running[endpoint_key] -= 1
            self._running += Counter()
            self._append(_line(-1, endpoint_key))

    def close(self) -> None:
        """Remove the file: nothing is in flight, because the process ends normally."""
        if self._file is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = None

    def _append(self, line: bytes) -> None:
        if self._file is None:
            return
        try:
            self._size += os.pwrite(self._file, line, self._size)
            if self._size > self._compact_bytes:
                self._compact(self._file)
        except OSError as error:
            self._warn(error)

    def _compact(self, file: int) -> None:
        """Overwrite the old lines; if the process is killed before the file is truncated, a few suspects are wrong."""
        lines = b"".join(_line(number, key) for key, number in self._running.items())
        self._size = os.pwrite(file, lines, 0)
        os.ftruncate(file, self._size)

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            _LOG.warning(
                "visits in flight cannot be stored: after a crash it is unknown which endpoint caused it",
                file=str(self._path),
                reason=error.strerror or str(error),
                fix="make the directory writable, or set state_directory",
            )
        self._has_warned = True


@frozen
class LeftBehind:
    """What a dead process had in flight, and the file that recorded it."""

    path: Path
    endpoint_keys: frozenset[str]

    def forget(self) -> None:
        """Remove the file, once its content is stored elsewhere."""
        with suppress(OSError):
            self.path.unlink()


def left_behind(base: Path) -> list[LeftBehind]:
    """What each dead process with this ``base`` left behind, in no particular order."""
    try:
        paths = [one for one in base.parent.iterdir() if one.name.startswith(base.name + _MARK)]
    except OSError:
        return []
    found = (_read_unless_locked(path) for path in paths)
    return [one for one in found if one is not None]


def _read_unless_locked(path: Path) -> LeftBehind | None:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return LeftBehind(path=path, endpoint_keys=_running_in(file.read()))
    except OSError:
        return None


def _running_in(text: bytes) -> frozenset[str]:
    running: Counter[str] = Counter()
    for line in text.splitlines():
        # The last line may be incomplete, and after an interrupted compaction also one in the middle.
        with suppress(ValueError):
            match json.loads(line):
                case [int() as number, str() as key]:
                    running[key] += number
    return frozenset(key for key, number in running.items() if number > 0)


def _line(number: int, endpoint_key: str) -> bytes:
    return json.dumps([number, endpoint_key]).encode() + b"\n"
