"""Targets from a file: YAML or JSON in our own format or in that of Prometheus' ``file_sd``, or CSV.

The file is read again when it changes. An invalid entry is skipped and reported with its line. A file that is not
a list of entries yields an error instead; the last valid targets stay in force.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from discovery.files.csv_file import RowError, read_csv
from discovery.files.entries import MOST_TARGETS, EntryError, read_entries
from discovery.mail_domains import MailReading, with_mail_servers
from discovery.source import DiscoveryUpdate, Skipped, SourceError, SourceReading
from pki.dns import DnsLookup, LookupFailedError

LARGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes: a few hundred thousand targets."""
USUAL_LOOK_UP_SECONDS: Final = 300.0
"""How often mail domains are looked up again."""

_ESCAPED_PAIR: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_DEEPEST: Final = 64
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TargetsFileError(Exception):
    """A targets file that cannot be used; the message is one sentence with the line and the fix."""

    def __init__(self, path: Path, line: int | None, problem: str, fix: str) -> None:
        place = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{place}: {problem}: {fix}")
        self.path = path
        self.line = line


def read_targets_file(path: Path, most_targets: int = MOST_TARGETS) -> SourceReading:
    """The targets in ``path``, one for each key, in file order; none if the file is empty.

    Raises:
        TargetsFileError: if it cannot be read, or is not a list of entries.
    """
    text = _text(path)
    if path.suffix.lower() == ".csv":
        try:
            return read_csv(text, path, most_targets)
        except RowError as error:
            raise TargetsFileError(path, error.line, error.problem, error.fix) from error
    try:
        root = _compose(_as_yaml(text), path)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise TargetsFileError(
            path, line, f"is neither YAML nor JSON: {error.problem}", "correct that line"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TargetsFileError(
            path, None, f"is neither YAML nor JSON ({type(error).__name__})", "correct or remove it"
        ) from error
    try:
        return read_entries(root, path, most_targets)
    except EntryError as error:
        raise TargetsFileError(path, error.line, error.problem, error.fix) from error


def _compose(text: str, path: Path) -> yaml.Node | None:
    """The root of the nodes. Deep nesting would cost the parser in C gigabytes, so it is refused before."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            problem = f"is nested deeper than {_DEEPEST} levels"
            line = event.start_mark.line + 1 if event.start_mark else None
            raise TargetsFileError(path, line, problem, "write a list of entries")
    return yaml.compose(text, Loader=_LOADER)


def _as_yaml(text: str) -> str:
    """JSON is YAML except for tabs between tokens, and characters escaped as two surrogates."""
    return _ESCAPED_PAIR.sub(_unescaped, text.replace("\t", " "))


def _unescaped(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return pair[1] + chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            fix = f"split it into files of at most {LARGEST_FILE >> 20} MiB"
            raise TargetsFileError(path, None, "is too large", fix)
        return content.decode("utf-8-sig")
    except OSError as error:
        fix = "use an existing file that this user can read"
        raise TargetsFileError(path, None, f"cannot be read ({error.strerror})", fix) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TargetsFileError(path, line, "is not UTF-8 text", "save it as UTF-8") from error


class FileSource:
    """One targets file, watched by its modification time, size and inode.

    Its mail domains are looked up whenever it changes, and every ``look_up_seconds``; ``lookup`` asks the name servers.
    """

    def __init__(
        self,
        path: Path,
        poll_seconds: float = 5.0,
        *,
        name: str | None = None,
        most_targets: int = MOST_TARGETS,
        lookup: Callable[[], DnsLookup] = DnsLookup,
        look_up_seconds: float = USUAL_LOOK_UP_SECONDS,
    ) -> None:
        self.name = name or f"file:{path}"
        self._path = path
        self._poll_seconds = poll_seconds
        self._most_targets = most_targets
        self._lookup = lookup
        self._look_up_seconds = look_up_seconds
        self._due = math.inf
        self._mail = MailReading(source=self.name, most=most_targets)

    async def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """The file's targets now, after each change and each look-up; one error for each invalid version."""
        seen: tuple[int, ...] | None = None
        is_first = True
        while True:
            now = await asyncio.to_thread(self._mark)
            if is_first or now != seen or time.monotonic() >= self._due:
                is_first, seen = False, now
                yield await self._read()
            await asyncio.sleep(self._poll_seconds)

    def _mark(self) -> tuple[int, ...] | None:
        """A value that changes when the file changes; None if there is no file."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    async def _read(self) -> DiscoveryUpdate:
        self._due = math.inf
        try:
            reading = await asyncio.to_thread(read_targets_file, self._path, self._most_targets)
            if reading.mail_domains:
                self._due = time.monotonic() + self._look_up_seconds
                reading = await self._with_mail_servers(reading)
        except (TargetsFileError, SourceError) as error:
            return DiscoveryUpdate(targets=None, error=str(error))
        return DiscoveryUpdate.of(reading)

    async def _with_mail_servers(self, reading: SourceReading) -> SourceReading:
        try:
            lookup = self._lookup()
        except LookupFailedError as error:
            problems = (
                Skipped(place=one.place, problem=f"{one.domain}: {error}")
                for one in reading.mail_domains
            )
            return replace(reading, skipped=(*reading.skipped, *problems), mail_domains=())
        return await with_mail_servers(reading, lookup, self._mail)
