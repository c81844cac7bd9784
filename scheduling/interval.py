"""How long until the next visit of an endpoint: its fixed place in the interval, or sooner after a failure.

Each endpoint has a fixed place in its interval, by the hash of its key: neither ten thousand endpoints discovered
together nor a restart causes a burst, and the visits of an endpoint are evenly spaced. A failed visit is retried soon,
because most failures are short; each further delay is twice as long, up to the normal interval.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, time, timedelta, tzinfo
from random import Random
from typing import Final

from model.certificates.certificate import Certificate
from model.certificates.lifetime import Lifetime
from model.frozen import frozen
from model.observation import Observation

_CLOSER: Final = 4
"""Factor for visits of a certificate that expires soon or has just been renewed."""

_JUST_RENEWED: Final = timedelta(days=1)
_VISITS_IN_A_LIFETIME: Final = 40
"""Number of visits during the lifetime of a certificate that lives for hours."""

_CLOSEST: Final = 24
"""Maximum factor for more frequent visits, whatever the certificate says."""


@frozen
class Closed:
    """A daily span by the clocks of ``zone`` in which nothing is visited; it may cross midnight.

    The local clock decides, even if a DST transition falls within the span or on one of its ends: the span is over
    at the first point in time at which the clock shows a time outside it.
    """

    begin: time
    end: time
    zone: tzinfo = UTC

    def seconds_left(self, now: datetime) -> float:
        """Seconds until the span is over; 0 if it is not active."""
        begun = at = now.astimezone(UTC)
        while left := self._left_on_the_clock(at):
            end = at + timedelta(seconds=left)
            at = _clocks_put(self.zone, at, end) or end
        return (at - begun).total_seconds()

    def _left_on_the_clock(self, at: datetime) -> float:
        """The same without DST transitions."""
        since_begin = _seconds_between(self.begin, at.astimezone(self.zone).time())
        length = _seconds_between(self.begin, self.end)
        return length - since_begin if since_begin < length else 0.0


def _clocks_put(zone: tzinfo, after: datetime, until: datetime) -> datetime | None:
    """The DST transition of ``zone`` within a day of ``after``, to the microsecond; None if there is none."""

    def offset(moment: datetime) -> timedelta | None:
        return moment.astimezone(zone).utcoffset()

    before = offset(after)
    if offset(until) == before:
        return None
    while until - after > timedelta.resolution:
        middle = after + (until - after) / 2
        if offset(middle) == before:
            after = middle
        else:
            until = middle
    return until


def _seconds_between(earlier: time, later: time) -> float:
    """From one time of day to the next occurrence of the other."""
    moments = (
        timedelta(
            hours=one.hour, minutes=one.minute, seconds=one.second, microseconds=one.microsecond
        )
        for one in (earlier, later)
    )
    first, second = moments
    return ((second - first) % timedelta(days=1)).total_seconds()


@frozen
class IntervalPolicy:
    """All times in seconds; ``jitter_fraction`` is the random part of a retry's delay.

    ``match`` are the labels that a target must have. An endpoint is verified every ``interval_seconds`` and
    enumerated every ``enumerate_seconds``, but never during the spans in ``closed``.
    """

    interval_seconds: float = 3600.0
    enumerate_seconds: float = 86_400.0
    jitter_fraction: float = 0.1
    first_retry_seconds: float = 60.0
    match: Mapping[str, str] = field(default_factory=dict)
    closed: tuple[Closed, ...] = ()

    def holds_for(self, labels: Mapping[str, str]) -> bool:
        """Whether the policy applies to a target with these labels."""
        return all(labels.get(name) == text for name, text in self.match.items())

    def next_delay(self, key: str, now: datetime, observation: Observation | None = None) -> float:
        """The delay after a good visit: until the key's place in the next interval.

        It is between half an interval and one and a half.
        """
        interval = self.interval_seconds
        if observation is not None:
            shares = (_share(one.leaf, interval, now) for one in observation.own_certificates)
            interval *= min(shares, default=1.0)
        at = now.timestamp() - interval * _place(key)
        return (math.floor(at / interval + 0.5) + 1) * interval - at

    def retry_delay(self, consecutive_failures: int, dice: Random) -> float:
        """The delay after ``consecutive_failures`` failed visits in a row."""
        doublings = min(consecutive_failures - 1, 32)
        delay = min(self.interval_seconds, self.first_retry_seconds * 2.0**doublings)
        return delay * (1 + self.jitter_fraction * dice.uniform(-1, 1))

    def resumed_delay(self, due_at: datetime, now: datetime) -> float:
        """The delay of a visit that was scheduled for ``due_at`` before a restart; 0 if it is overdue.

        A due time that is too far in the future (the clock or the settings changed) is moved closer.
        """
        planned = (due_at - now).total_seconds()
        return min(max(0.0, planned), self.interval_seconds * 1.5)

    def reopened_delay(self, key: str, closed_seconds: float) -> float:
        """The delay when visits are permitted again in ``closed_seconds``: the waiting visits are spread out."""
        return closed_seconds + self.interval_seconds * _place(key)

    def wants_enumeration(self, enumerated_at: datetime | None, now: datetime) -> bool:
        """Whether the next visit should enumerate; the visit closest to the planned time does."""
        if enumerated_at is None:
            return True
        passed = (now - enumerated_at).total_seconds()
        return not 0 <= passed < self.enumerate_seconds - self.interval_seconds / 2

    def closed_seconds(self, now: datetime) -> float:
        """Seconds until visits are permitted; 0 if they are now."""
        return max((span.seconds_left(now) for span in self.closed), default=0.0)


def _place(key: str) -> float:
    """The key's place in any interval: evenly distributed from 0 to 1, and the same after a restart."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _share(leaf: Certificate, interval_seconds: float, now: datetime) -> float:
    """The fraction of the interval after which the endpoint of this certificate is visited again."""
    lifetime = Lifetime.of(leaf.not_before, leaf.not_after)
    if lifetime is None:
        return 1.0
    is_ending = lifetime.warning_at < now <= lifetime.not_after
    is_new = timedelta(0) <= now - lifetime.not_before < _JUST_RENEWED
    share = 1 / _CLOSER if is_ending or is_new else 1.0
    longest = lifetime.whole.total_seconds() / _VISITS_IN_A_LIFETIME
    return max(min(share, longest / interval_seconds), 1 / _CLOSEST)
