"""The history of each endpoint: its consecutive failures, and when it was last enumerated.

It starts with the schedules that the Store has from before a restart. The history of an endpoint also stays when its
name no longer has the address: name servers rotate addresses, and one that comes back is not new.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from model.endpoint_state.schedule import Schedule
from scheduling.jobs import Rank
from scheduling.pauses import with_pauses
from scheduling.resolve import MOST_ADDRESSES
from scheduling.tracked import Tracked


class EndpointHistories:
    """The histories of all endpoints in the inventory, and of departed ones that may return."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._enumerated: dict[str, datetime] = {}
        self._doubted: set[str] = set()
        self._away: dict[str, Schedule] = {}

    async def restore(self, schedules: Iterable[Schedule], *, enumerates: bool) -> None:
        """Restores the schedules from before a restart; with ``enumerates`` every endpoint is enumerated again."""
        async for one in with_pauses(schedules):
            known = replace(one, enumerated_at=None) if enumerates else one
            self._away[one.endpoint_key] = known

    def come_back(self, key: str) -> Schedule | None:
        """The schedule of an endpoint that enters the inventory; None if it is new."""
        schedule = self._away.pop(key, None)
        if schedule is not None:
            self._failures[key] = schedule.consecutive_failures
            if schedule.enumerated_at is not None:
                self._enumerated[key] = schedule.enumerated_at
        return schedule

    def depart(self, tracked: Tracked, key: str, now: datetime, interval_seconds: float) -> None:
        """Saves the schedule of an endpoint whose address is gone; the number per target is limited."""
        schedule = self.schedule(key, now, interval_seconds)
        if schedule is not None:
            self._away[key] = schedule
            departed = (*(one for one in tracked.departed if one != key), key)
            for forgotten in departed[:-MOST_ADDRESSES]:
                self._away.pop(forgotten, None)
            tracked.departed = departed[-MOST_ADDRESSES:]
        self.forget(key)

    def forget(self, key: str) -> None:
        """Deletes the history of an endpoint."""
        self._failures.pop(key, None)
        self._enumerated.pop(key, None)
        self._doubted.discard(key)

    def forget_departed(self, tracked: Tracked) -> None:
        """Deletes the histories of the target's departed endpoints."""
        for key in tracked.departed:
            self._away.pop(key, None)

    def is_first_failure(self, key: str) -> bool:
        """Whether to retry before the failure counts: a single failure must not report an endpoint as down."""
        if self._failures.get(key) or key in self._doubted:
            self._doubted.discard(key)
            return False
        self._doubted.add(key)
        return True

    def visited(self, key: str, failures: int, enumerated_at: datetime | None = None) -> None:
        """Records a visit: the number of consecutive failures, and when it enumerated (None if it did not)."""
        self._failures[key] = failures
        self._doubted.discard(key)
        if enumerated_at is not None:
            self._enumerated[key] = enumerated_at

    def ask_all(self, key: str) -> None:
        """Makes the next visit enumerate."""
        self._enumerated.pop(key, None)

    def schedule(self, key: str, now: datetime, interval_seconds: float) -> Schedule | None:
        """The Schedule of a known endpoint or name, due ``now``; None if it is new."""
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
        """When the endpoint was last enumerated; None if that must be done (again), also after a failure."""
        return self._enumerated.get(key) if self._failures.get(key) == 0 else None

    def rank(self, key: str) -> Rank:
        """The priority of the endpoint's next visit."""
        if key not in self._failures:
            return Rank.NEW
        return Rank.FAILING if self._failures[key] else Rank.KNOWN
