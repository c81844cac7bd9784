"""How much of a certificate's lifetime is left, and when its expiry is near in relation to that lifetime.

A six-day certificate must not alert during its whole life, and a 398-day one not only in its last hours: the
thresholds follow the lifetime. An ACME client renews with a third of the lifetime left, or with half of it
if the lifetime is under ten days; with a quarter left, renewal has failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from model.frozen import frozen

_SHORT: Final = timedelta(days=10)
_WARNING_SHARE, _MOST_WARNING = 0.25, timedelta(days=30)
_CRITICAL_SHARE, _MOST_CRITICAL = 0.1, timedelta(days=7)


@frozen
class Lifetime:
    """A validity period; both ends are timezone-aware, and the end is after the start."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, not_before: datetime | None, not_after: datetime | None) -> Lifetime | None:
        """None if an end cannot be read or precedes the start."""
        if not_before is None or not_after is None or not_after <= not_before:
            return None
        return cls(not_before=not_before, not_after=not_after)

    @property
    def whole(self) -> timedelta:
        """The length of the period."""
        return self.not_after - self.not_before

    def fraction_left(self, at: datetime) -> float:
        """The remaining fraction: 1 at the start, 0 at the end, negative afterwards."""
        return (self.not_after - at) / self.whole

    @property
    def renewal_at(self) -> datetime:
        """When an ACME client would renew it."""
        return self.not_after - self.whole / (2 if self.whole < _SHORT else 3)

    @property
    def warning_at(self) -> datetime:
        """When expiry is near: a quarter of the lifetime is left, at most 30 days."""
        return self.not_after - min(_WARNING_SHARE * self.whole, _MOST_WARNING)

    @property
    def critical_at(self) -> datetime:
        """When expiry is very near: a tenth of the lifetime is left, at most 7 days."""
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
