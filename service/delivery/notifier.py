"""One notifier at work: looks what came and went, sends it, and keeps what it has told.

There is no queue that could overflow: what was told is compared with what stands, again and again, until the
receiver has taken it. What was told is in the Store, so that a restart repeats nothing; only a crash
between sending and keeping tells the same twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from exporters.notifications import (
    ActiveAlerts,
    AlertSelector,
    Comparison,
    Message,
    Notifier,
    compare,
)
from exporters.prometheus.service.delivery import DeliveryMetrics
from model.findings.alert import Alert, Event
from model.ports import Clock, NoticeLedger
from service.delivery.attempts import Attempts, DeliveryError
from service.delivery.schedule import Timing
from storage import StoreError

_LOG = structlog.stdlib.get_logger("tlsprobe")

MOST_TOLD: Final = 20_000
"""Notices that may stand as told by one notifier; memory is bounded by it."""

_GONE_AFTER: Final = timedelta(hours=1)
"""A target may be away for as long as a source or a name server is, without anybody hearing of it."""

_LONGEST_WAIT: Final = 600.0
_REPEAT_SECONDS: Final = 60.0
_VALID_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who tells whom of what, how and when."""

    name: str
    form: Notifier
    choice: AlertSelector
    timing: Timing


class Notifying:
    """Tells by ``send`` what ``assignment`` asks for; ``look`` is one round of its work."""

    def __init__(
        self,
        assignment: Assignment,
        send: Callable[[bytes], Awaitable[None]],
        ledger: NoticeLedger,
        clock: Clock,
        metrics: DeliveryMetrics,
    ) -> None:
        self._assignment = assignment
        self._send = send
        self._ledger = ledger
        self._clock = clock
        self._metrics = metrics
        self._attempts = Attempts(assignment.name, metrics, _LONGEST_WAIT)
        self._told: dict[str, Alert] | None = None
        self._unkept: dict[str, Alert | None] = {}
        self._absent_since: dict[str, float] = {}
        self._began_at: float | None = None
        self._repeated_at = float("-inf")
        self._not_before = float("-inf")
        self._is_keeping = True
        self._digest = assignment.timing.digest_number(clock.now())

    def forget(self) -> None:
        """Read anew what was told: another process of the fleet may tell meanwhile."""
        self._told = None

    async def look(self, standing: ActiveAlerts) -> None:
        """Tell what is due to be told of ``standing``; a failure is counted, and tried again later."""
        if not await self._keep() or self._told is None:
            return
        found = await asyncio.to_thread(
            compare,
            self._told,
            standing,
            self._gone(standing),
            self._assignment.choice,
            MOST_TOLD,
        )
        self._take_over(found.in_silence)
        self._metrics.waiting(self._assignment.name, len(found.events))
        self._metrics.dropped(self._assignment.name, found.dropped)
        if self._is_due(found):
            await self._tell(found.events)
        await self._keep()

    def _is_due(self, found: Comparison) -> bool:
        now = self._clock.monotonic()
        if now < self._not_before:
            return False
        if self._is_to_repeat and self._told:
            return True
        if not found.events:
            self._began_at = None
            return False
        if self._assignment.timing.digest_hours is not None:
            return self._assignment.timing.digest_number(self._clock.now()) > self._digest
        if self._began_at is None:
            self._began_at = now
        return now - self._began_at >= self._assignment.timing.wait_seconds

    @property
    def _is_to_repeat(self) -> bool:
        since = self._clock.monotonic() - self._repeated_at
        return self._assignment.form.is_repeated and since >= _REPEAT_SECONDS

    async def _tell(self, events: Sequence[Event]) -> None:
        try:
            for some in self._portions(events):
                await self._send(self._assignment.form.render(self._message(some)))
                self._take_over(some)
                self._attempts.succeeded()
                await self._keep()
            if self._is_to_repeat:
                await self._tell_all_again()
        except DeliveryError as error:
            self._not_before = self._clock.monotonic() + self._attempts.failed(error)
            return
        self._metrics.waiting(self._assignment.name, 0)
        self._began_at = None
        self._digest = self._assignment.timing.digest_number(self._clock.now())

    async def _tell_all_again(self) -> None:
        notices = tuple((self._told or {}).values())
        for start in range(0, len(notices), self._assignment.form.most_events):
            some = notices[start : start + self._assignment.form.most_events]
            await self._send(self._assignment.form.render(self._message((), some)))
        if notices:
            self._attempts.succeeded()
        self._repeated_at = self._clock.monotonic()

    def _portions(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        most = self._assignment.form.most_events
        for start in range(0, len(events), most):
            yield events[start : start + most]

    def _message(self, events: Sequence[Event], standing: Sequence[Alert] | None = None) -> Message:
        """Of these events, after which all that was told stands, unless another ``standing`` is given."""
        now = self._clock.now()
        if standing is None:
            standing = tuple(_after(self._told or {}, events).values())
        if self._assignment.form.is_repeated and events:
            standing = tuple(event.notice for event in events if not event.kind.is_end)
        return Message(
            notifier=self._assignment.name,
            at=now,
            valid_until=now + _VALID_FOR,
            events=tuple(events),
            standing=tuple(standing),
            is_digest=self._assignment.timing.digest_hours is not None,
            group_label=self._assignment.timing.group_label,
        )

    def _take_over(self, events: Sequence[Event]) -> None:
        """Count the events as told."""
        self._told = _after(self._told or {}, events)
        for event in events:
            self._unkept[event.notice.key] = None if event.kind.is_end else event.notice

    async def _keep(self) -> bool:
        """Bring Store and memory together; whether that could be done."""
        name = self._assignment.name
        try:
            if self._unkept:
                told = [notice for notice in self._unkept.values() if notice is not None]
                ended = [key for key, notice in self._unkept.items() if notice is None]
                await self._ledger.put_told(name, told, ended)
                self._unkept = {}
            if self._told is None:
                kept = await self._ledger.told(name)
                self._told = {notice.key: notice for notice in kept}
        except StoreError as error:
            # With what is in memory, people can be told while the database is away.
            if self._is_keeping:
                _LOG.error("what was told cannot be kept", outlet=name, reason=str(error))
            self._is_keeping = False
            return self._told is not None
        self._is_keeping = True
        return True

    def _gone(self, standing: ActiveAlerts) -> set[str]:
        """Targets of what was told that have been away for long."""
        now = self._clock.monotonic()
        away = {notice.target for notice in (self._told or {}).values()} - standing.seen
        self._absent_since = {target: self._absent_since.get(target, now) for target in away}
        return {
            target
            for target, since in self._absent_since.items()
            if now - since >= _GONE_AFTER.total_seconds()
        }


def _after(told: dict[str, Alert], events: Sequence[Event]) -> dict[str, Alert]:
    """What stands as told after ``events``."""
    ended = {event.notice.key for event in events if event.kind.is_end}
    begun = {event.notice.key: event.notice for event in events if not event.kind.is_end}
    return {key: notice for key, notice in {**told, **begun}.items() if key not in ended}
