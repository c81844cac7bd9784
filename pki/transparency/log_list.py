"""The certificate transparency logs that browsers accept, from a file in the format of Chrome and Apple (log
list, version 3: operators, each with logs and tiled_logs).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from model.frozen import frozen

_LONGEST_FILE: Final = 2**24
_STATES: Final = frozenset({"pending", "qualified", "usable", "readonly", "retired", "rejected"})


class LogListError(ValueError):
    """A log list cannot be used; the message names the file, the place and the fix."""


@frozen
class Log:
    """One log. ``key`` is its SubjectPublicKeyInfo in DER, ``log_id`` the SHA-256 of that.

    ``state`` is a state of the log list, ``since`` when it began. The log accepts certificates that expire in the
    half-open interval from ``start`` to ``end``, or any if they are None.
    """

    log_id: bytes
    key: bytes
    name: str
    operator: str
    state: str | None = None
    since: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None


LogList: TypeAlias = Mapping[bytes, Log]
"""By log id."""


def read_log_list(path: Path) -> LogList:
    """The logs of that file.

    Raises:
        LogListError: if it cannot be read, or is not a log list.
    """
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise LogListError(
                f"The log list {path} is larger than any valid one; use another file."
            )
        listed = json.loads(path.read_bytes())
    except OSError as error:
        raise LogListError(
            f"The log list {path} cannot be read ({error.strerror}); use a readable file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise LogListError(f"The log list {path} is not valid JSON; download it again.") from error
    try:
        logs = list(_logs(listed))
    except _OddError as odd:
        raise LogListError(f"The log list {path}: {odd}; download it again.") from odd
    if not logs:
        raise LogListError(f"The log list {path} contains no logs; use a list of version 3.")
    return {log.log_id: log for log in logs}


class _OddError(Exception):
    """A part of the list is invalid; the message says which and why."""


def _logs(listed: Any) -> Iterator[Log]:
    operators = listed.get("operators") if isinstance(listed, dict) else None
    if not isinstance(operators, list):
        raise _OddError("it has no list of operators")
    for number, operator in enumerate(operators, start=1):
        if not isinstance(operator, dict) or not isinstance(operator.get("name"), str):
            raise _OddError(f"operator {number} has no name")
        for kind in ("logs", "tiled_logs"):
            entries = operator.get(kind, [])
            if not isinstance(entries, list):
                raise _OddError(f"{kind} of operator {operator['name']} is not a list")
            for at, fields in enumerate(entries, start=1):
                try:
                    yield _log(fields, operator["name"])
                except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as flaw:
                    place = f"{kind} {at} of operator {operator['name']}"
                    raise _OddError(f"{place} cannot be read ({flaw})") from flaw


def _log(fields: dict[str, Any], operator: str) -> Log:
    key = base64.b64decode(fields["key"], validate=True)
    log_id = base64.b64decode(fields["log_id"], validate=True)
    if hashlib.sha256(key).digest() != log_id:
        raise ValueError("its log_id is not the hash of its key")
    states = fields.get("state") or {}
    state = next((name for name in states if name in _STATES), None)
    interval = fields.get("temporal_interval") or {}
    return Log(
        log_id=log_id,
        key=key,
        name=str(fields["description"]),
        operator=operator,
        state=state,
        since=_time(states[state].get("timestamp")) if state else None,
        start=_time(interval.get("start_inclusive")),
        end=_time(interval.get("end_exclusive")),
    )


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
