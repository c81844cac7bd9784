"""How much of a certificate's life is left, and when its end is near for one that lives so long.

A certificate of six days must not alert all its life, nor one of 398 days only at its end: so the
thresholds follow the lifetime. An ACME client renews with a third left, or with half of it where the
lifetime is under ten days; a quarter left means that renewal has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_SHORT: Final = timedelta(days=10)
_WARNING_SHARE, _MOST_WARNING = 0.25, timedelta(days=30)
_CRITICAL_SHARE, _MOST_CRITICAL = 0.1, timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A validity period: two aware moments, the end after the beginning."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, not_before: datetime | None, not_after: datetime | None) -> Lifetime | None:
        """None where an end cannot be read, or comes before the beginning."""
        if not_before is None or not_after is None or not_after <= not_before:
            return None
        return cls(not_before=not_before, not_after=not_after)

    @property
    def whole(self) -> timedelta:
        """From the beginning to the end."""
        return self.not_after - self.not_before

    def fraction_left(self, at: datetime) -> float:
        """What part of the whole is left: 1 at its beginning, 0 at its end, below 0 after it."""
        return (self.not_after - at) / self.whole

    @property
    def renewal_at(self) -> datetime:
        """When an ACME client would renew it."""
        return self.not_after - self.whole / (2 if self.whole < _SHORT else 3)

    @property
    def warning_at(self) -> datetime:
        """When its end is near: with a quarter of its life left, or 30 days."""
        return self.not_after - min(_WARNING_SHARE * self.whole, _MOST_WARNING)

    @property
    def critical_at(self) -> datetime:
        """When its end is very near: with a tenth of its life left, or 7 days."""
        return self.not_after - min(_CRITICAL_SHARE * self.whole, _MOST_CRITICAL)


def expiry_text(not_after: datetime, now: datetime) -> str:
    """``expires in 5 days`` or ``expired 3 days ago``, to follow the name of a certificate."""
    left = not_after - now
    span = span_text(left)
    return f"expires in {span}" if left >= timedelta(0) else f"expired {span} ago"


def span_text(span: timedelta) -> str:
    """A span of time, whatever its sign: ``3 days``, ``1 hour``, ``less than an hour``."""
    size = abs(span)
    if size >= timedelta(days=2):
        return f"{size.days} days"
    hours = size // timedelta(hours=1)
    if hours == 0:
        return "less than an hour"
    return "1 hour" if hours == 1 else f"{hours} hours"
