"""What is remembered of each endpoint's past: its failures in a row, when it was last asked everything.

It begins with what the Store kept from before a restart. What an endpoint leaves behind when its name has its
address no more is kept too, for name servers give addresses in turns, and one that comes back is not new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from model.endpoint_state.schedule import Schedule
from scheduling.jobs import Rank, Tracked
from scheduling.resolve import MOST_ADDRESSES


class EndpointHistories:
    """Of all endpoints that are in the inventory, and of those that may come back to it."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._enumerated: dict[str, datetime] = {}
        self._doubted: set[str] = set()
        self._away: dict[str, Schedule] = {}

    def restore(self, schedules: Iterable[Schedule], *, enumerates: bool) -> None:
        """Takes what was planned before a restart; with ``enumerates`` all is to be asked again."""
        for one in schedules:
            known = replace(one, enumerated_at=None) if enumerates else one
            self._away[one.endpoint_key] = known

    def come_back(self, key: str) -> Schedule | None:
        """What is remembered of an endpoint that comes into the inventory; None where it is new."""
        schedule = self._away.pop(key, None)
        if schedule is not None:
            self._failures[key] = schedule.consecutive_failures
            if schedule.enumerated_at is not None:
                self._enumerated[key] = schedule.enumerated_at
        return schedule

    def depart(self, tracked: Tracked, key: str, now: datetime, interval_seconds: float) -> None:
        """Keeps what is known of an endpoint whose address is gone, of so many to each target."""
        schedule = self.schedule(key, now, interval_seconds)
        if schedule is not None:
            self._away[key] = schedule
            departed = (*(one for one in tracked.departed if one != key), key)
            for forgotten in departed[:-MOST_ADDRESSES]:
                self._away.pop(forgotten, None)
            tracked.departed = departed[-MOST_ADDRESSES:]
        self.forget(key)

    def forget(self, key: str) -> None:
        """Nothing is known of it any more."""
        self._failures.pop(key, None)
        self._enumerated.pop(key, None)
        self._doubted.discard(key)

    def forget_departed(self, tracked: Tracked) -> None:
        """Forgets the endpoints that the target once had."""
        for key in tracked.departed:
            self._away.pop(key, None)

    def is_first_failure(self, key: str) -> bool:
        """Whether to ask again before this failure counts: nothing is called down by one bad moment."""
        if self._failures.get(key) or key in self._doubted:
            self._doubted.discard(key)
            return False
        self._doubted.add(key)
        return True

    def visited(self, key: str, failures: int, enumerated_at: datetime | None = None) -> None:
        """How a visit ended: the so-manieth failure in a row; None where not all was asked."""
        self._failures[key] = failures
        self._doubted.discard(key)
        if enumerated_at is not None:
            self._enumerated[key] = enumerated_at

    def ask_all(self, key: str) -> None:
        """Makes the next visit ask everything."""
        self._enumerated.pop(key, None)

    def schedule(self, key: str, now: datetime, interval_seconds: float) -> Schedule | None:
        """What is known of an endpoint, or a name, as a Schedule that is due ``now``; None where it is new."""
        if key not in self._failures:
            return None
        return Schedule(
            endpoint_key=key,
            due_at=now,
            interval_seconds=interval_seconds,
            consecutive_failures=self._failures[key],
            enumerated_at=self._enumerated.get(key),
        )

    def enumerated_at(self, key: str) -> datetime | None:
        """When everything was asked last; None where it must be asked, for it failed since or never was."""
        return self._enumerated.get(key) if self._failures.get(key) == 0 else None

    def rank(self, key: str) -> Rank:
        """Who goes first."""
        if key not in self._failures:
            return Rank.NEW
        return Rank.FAILING if self._failures[key] else Rank.KNOWN
