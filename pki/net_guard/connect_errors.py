"""Servers that block a client's address after too many broken connections, and how many each has seen of us.

MySQL and MariaDB block an address for all its programs at ``max_connect_errors``, by default 100, and forget the
count only when a login from it succeeds. So a machine has an allowance at each server, well below that. A small
file for each server remembers it: restarts and separate scans share it. Visits ask for it at every connection, so
the file is read only after it was replaced: each replacement has a later time than the one before.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from model.encoding.times_json import time_from_json, time_to_json
from model.frozen import frozen

MOST_HELLOS: Final = 80
"""Broken connections that questions may cause: a full visit at the usual level needs about this many."""

MOST_ERRORS: Final = 90
"""The same with handshakes that were meant to be finished."""

_MOST_BEFORE_ENUMERATION: Final = 20
"""So many are the price of a few visits that failed early."""

PERIOD: Final = timedelta(days=60)
"""After this time since the first of them, the allowance is there again."""

_LOCK: Final = ".lock"
_NEW: Final = ".new"

_Version = tuple[int, int]
"""The inode of a file, and its time of modification in nanoseconds."""

_LOG = logging.getLogger(__name__)


@frozen
class Tally:
    """The broken connections that one server has seen of us ``since`` a time; ``is_blocked`` if it then blocked us."""

    since: datetime
    count: int = 0
    is_blocked: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether it no longer counts: its period is over, or the server blocked us, which ends only by a reset."""
        return self.is_blocked or not timedelta() <= now - self.since < PERIOD


class ConnectErrors:
    """The tallies of all servers, one file each in ``directory``; without one, or if it cannot be written, in memory."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._tallies: dict[str, Tally] = {}
        self._versions: dict[str, _Version] = {}
        """Of the files that ``_tallies`` are from."""

    def tally(self, server: str) -> Tally | None:
        """The newest tally of a server; None if it has none."""
        if self._directory is None:
            return self._tallies.get(server)
        file = self._directory / _file_name(server)
        try:
            if server not in self._versions or self._versions[server] != _version(file.stat()):
                self._read(server, file)
            return self._tallies[server]
        except FileNotFoundError:
            return None
        except OSError as error:
            self._go_on_in_memory(error)
        except (ValueError, TypeError, KeyError) as error:
            _LOG.error(
                "a damaged file that counts broken connections is ignored",
                extra={"file": str(file), "reason": str(error)},
            )
        return self._tallies.get(server)

    def _read(self, server: str, file: Path) -> None:
        with file.open("rb") as opened:
            version = _version(os.fstat(opened.fileno()))
            self._tallies[server] = _from_json(json.loads(opened.read()))
        self._versions[server] = version

    def add(self, server: str, count: int, now: datetime) -> None:
        """Counts broken connections; a negative ``count`` takes back what did not break."""
        with self._locked():
            known = self.tally(server)
            if known is None or known.is_over(now):
                known = Tally(since=now)
            self._write(server, replace(known, count=max(0, known.count + count)))

    def block(self, server: str, now: datetime) -> None:
        """Notes that the server blocked us."""
        with self._locked():
            self._write(server, Tally(since=now, is_blocked=True))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Excludes other processes."""
        lock = None
        try:
            if self._directory is not None:
                self._directory.mkdir(parents=True, exist_ok=True)
                lock = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            self._go_on_in_memory(error)
        try:
            yield
        finally:
            if lock is not None:
                os.close(lock)

    def _write(self, server: str, tally: Tally) -> None:
        self._tallies[server] = tally
        if self._directory is None:
            return
        file = self._directory / _file_name(server)
        new = self._directory / _NEW
        try:
            new.write_text(json.dumps(_to_json(tally)) + "\n", encoding="utf-8")
            _make_later(new, file)
            new.replace(file)
        except OSError as error:
            self._go_on_in_memory(error)

    def _go_on_in_memory(self, error: OSError) -> None:
        _LOG.error(
            "broken connections to databases are counted in memory only: a restart forgets them",
            extra={
                "directory": str(self._directory),
                "reason": error.strerror or str(error),
                "fix": "make the directory writable, or set state_directory",
            },
        )
        self._directory = None


class Allowance:
    """What one visit may still cost one server in broken connections at the time ``now``."""

    def __init__(self, errors: ConnectErrors, server: str, now: datetime) -> None:
        self._errors = errors
        self._server = server
        self._now = now
        before = errors.tally(server)
        self.is_unknown = before is None
        """Whether no visit of this machine to the server is remembered."""
        self.is_renewed = before is not None and before.is_over(now)
        """Whether an earlier allowance is over, and this one has not been drawn on."""

    @property
    def may_enumerate(self) -> bool:
        """Whether enough is left for a visit that asks everything."""
        return self._spent <= _MOST_BEFORE_ENUMERATION

    @property
    def may_ask(self) -> bool:
        """Whether one more connection may break off."""
        return self._spent < MOST_HELLOS

    @property
    def may_finish(self) -> bool:
        """Whether a handshake may be tried that breaks off only if the server refuses it."""
        return self._spent < MOST_ERRORS

    @property
    def renewed_on(self) -> str:
        """The day after which everything may be asked again."""
        tally = self._errors.tally(self._server)
        return f"{(self._now if tally is None else tally.since) + PERIOD:%Y-%m-%d}"

    @property
    def _spent(self) -> int:
        tally = self._errors.tally(self._server)
        return 0 if tally is None or tally.is_over(self._now) else tally.count

    def add(self, count: int = 1) -> None:
        """Counts a connection that breaks off, or takes back what did not."""
        self._errors.add(self._server, count, self._now)

    def forgo(self) -> None:
        """Leaves the questions to a later period: an earlier visit, which nothing remembers, may have asked them."""
        self.add(MOST_HELLOS)

    def block(self) -> None:
        """Notes that the server blocked us."""
        self._errors.block(self._server, self._now)


def _version(status: os.stat_result) -> _Version:
    return status.st_ino, status.st_mtime_ns


def _make_later(new: Path, old: Path) -> None:
    """Give ``new`` a later time than ``old``: two files of one tick of the kernel's clock may share an inode."""
    if old.exists():
        after = max(new.stat().st_mtime_ns, old.stat().st_mtime_ns + 1)
        os.utime(new, ns=(after, after))


def _file_name(server: str) -> str:
    return quote(f"{server}.json", safe=" :")


def _to_json(tally: Tally) -> Mapping[str, object]:
    return {
        "since": time_to_json(tally.since),
        "count": tally.count,
        "is_blocked": tally.is_blocked,
    }


def _from_json(stored: Mapping[str, Any]) -> Tally:
    since = time_from_json(stored["since"])
    if since is None:
        raise ValueError("since is missing")
    return Tally(since=since, count=int(stored["count"]), is_blocked=bool(stored["is_blocked"]))
