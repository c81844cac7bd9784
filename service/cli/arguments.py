"""Values of options as users type them: times (a duration ago, a date, a date with a time) and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(r"([0-9]{1,6})([mhdw])")


class ArgumentError(ValueError):
    """The value of an option is invalid; the message is one sentence that names the option."""


def parse_time(option: str, text: str, now: datetime) -> datetime:
    """Parse the value of ``option`` as a time in UTC: ``24h`` ago, ``2026-11-01``, ``2026-11-01T12:00+01:00``.

    A date means its first moment, and a time without a zone is in UTC.

    Raises:
        ArgumentError: if the text has another form.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ArgumentError(
            f"{option}: cannot parse time {text!r}: use a duration before now, such as 24h or 7d, or a date or "
            "time, such as 2026-11-01 or 2026-11-01T12:00"
        ) from None


def parse_label_options(texts: Sequence[str] | None) -> Mapping[str, str]:
    """Parse the values of ``--label``, each of the form ``NAME=VALUE``.

    Raises:
        ArgumentError: if a value has another form.
    """
    from service.judging.ci_gate import parse_labels

    try:
        return parse_labels(texts or ())
    except ValueError as error:
        raise ArgumentError(f"--label: {error}") from error
