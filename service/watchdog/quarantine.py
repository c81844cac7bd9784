"""The endpoints that may have killed this service, stored in a small file for the next start.

An endpoint that was in flight when a process died is a suspect, and from then on is visited in a separate process.
If that process survives, the endpoint is cleared; if not, it is quarantined, longer each time in a row.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from model.encoding.times_json import time_from_json, time_to_json
from model.frozen import frozen
from model.ports import Clock
from service.watchdog.suspicion import seconds_set_aside

_SUFFIX: Final = ".quarantine"

_LOG = structlog.stdlib.get_logger("tlsprobe")


@frozen
class Suspect:
    """The record of an endpoint: how often it was in flight when a process died, how often a separate process died
    at it, and until when it is quarantined."""

    deaths: int = 0
    times_set_aside: int = 0
    until: datetime | None = None

    def is_set_aside(self, now: datetime) -> bool:
        """Whether the endpoint is quarantined."""
        return self.until is not None and now < self.until


class Quarantine:
    """The suspects of all processes with one ``base``; what cannot be written is held in memory only."""

    def __init__(self, base: Path, clock: Clock) -> None:
        self._path = base.with_name(base.name + _SUFFIX)
        self._clock = clock
        try:
            self._suspects = self._read()
        except OSError as error:
            self._suspects = {}
            _LOG.error(
                "quarantined endpoints cannot be read", file=str(self._path), reason=str(error)
            )

    def suspect(self, endpoint_key: str) -> Suspect | None:
        """The record of the endpoint; None if it is not a suspect."""
        return self._suspects.get(endpoint_key)

    def count_set_aside(self) -> int:
        """How many endpoints are quarantined now."""
        now = self._clock.now()
        return sum(one.is_set_aside(now) for one in self._suspects.values())

    def accuse(self, endpoint_keys: Collection[str]) -> None:
        """Record that the endpoints were in flight when a process died; durable on return."""

        def change(suspects: dict[str, Suspect]) -> None:
            for key in endpoint_keys:
                known = suspects.get(key, Suspect())
                suspects[key] = replace(known, deaths=known.deaths + 1)

        self._change(change)

    def clear(self, endpoint_key: str) -> None:
        """Clear the endpoint: it survived a visit in a separate process."""
        self._change(lambda suspects: suspects.pop(endpoint_key, None))

    def set_aside(self, endpoint_key: str) -> datetime:
        """Quarantine the endpoint after its separate process died; returns until when. Durable on return."""
        known = self._suspects.get(endpoint_key, Suspect())
        until = self._clock.now() + timedelta(seconds=seconds_set_aside(known.times_set_aside))
        worse = Suspect(
            deaths=known.deaths + 1, times_set_aside=known.times_set_aside + 1, until=until
        )
        self._change(lambda suspects: suspects.update({endpoint_key: worse}))
        return until

    def _change(self, change: Callable[[dict[str, Suspect]], object]) -> None:
        """Merge with what other processes wrote meanwhile; the file is always the old or the new one as a whole."""
        try:
            with self._locked():
                suspects = self._read()
                change(suspects)
                self._write(suspects)
                self._suspects = suspects
        except OSError as error:
            suspects = dict(self._suspects)
            change(suspects)
            self._suspects = suspects
            _LOG.error(
                "quarantined endpoints cannot be stored: a restart forgets them",
                file=str(self._path),
                reason=error.strerror or str(error),
                fix="make the directory writable, or set state_directory",
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(
            self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Suspect]:
        try:
            return {
                key: _from_json(one) for key, one in json.loads(self._path.read_bytes()).items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            _LOG.error(
                "quarantined endpoints cannot be read, none are quarantined",
                file=str(self._path),
                reason=str(error),
                fix="delete the file if it is damaged",
            )
            return {}

    def _write(self, suspects: Mapping[str, Suspect]) -> None:
        text = json.dumps({key: _to_json(one) for key, one in suspects.items()}, indent=1)
        new = self._path.with_name(self._path.name + ".new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(text + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(self._path)


def _to_json(suspect: Suspect) -> Mapping[str, object]:
    return {
        "deaths": suspect.deaths,
        "times_set_aside": suspect.times_set_aside,
        "until": time_to_json(suspect.until),
    }


def _from_json(said: Mapping[str, Any]) -> Suspect:
    return Suspect(
        deaths=int(said["deaths"]),
        times_set_aside=int(said["times_set_aside"]),
        until=time_from_json(said["until"]),
    )
