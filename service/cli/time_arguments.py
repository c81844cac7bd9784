"""Times as users give them to a command: a duration ago, a date, or a date with a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(r"([0-9]{1,6})([mhdw])")


class MomentError(ValueError):
    """The text cannot be parsed as a time; the message is one sentence."""


def parse_moment(text: str, now: datetime) -> datetime:
    """Parse ``text`` as a time in UTC: ``24h`` ago, ``2026-11-01``, ``2026-11-01T12:00+01:00``.

    A date means its first moment, and a time without a zone is in UTC.

    Raises:
        MomentError: if the text has another form.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (OverflowError, ValueError):
        raise MomentError(
            f"cannot parse time {text!r}: use a duration before now, such as 24h or 7d, or a date or time, such as "
            "2026-11-01 or 2026-11-01T12:00"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
