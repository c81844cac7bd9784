"""Points in time as RFC 3339 text in UTC, and back."""

from __future__ import annotations

from datetime import UTC, datetime


def time_to_json(moment: datetime | None) -> str | None:
    """``moment`` with a trailing Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_from_json(text: str | None) -> datetime | None:
    """The time that ``time_to_json`` wrote. Raises ValueError."""
    return None if text is None else datetime.fromisoformat(text)
