"""One running notifier: it finds which alerts have started or ended, sends them, and stores what it has reported.

There is no queue that could overflow: the notifier compares the reported alerts with the active ones again and
again, until the receiver has accepted every difference. The Store has what was reported, so a restart repeats
nothing; only a crash between sending and storing sends the same alerts twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import timedelta
from typing import Any, Final

import structlog

from exporters.notifications import ActiveAlerts, Comparison, Message, compare
from exporters.prometheus.service.delivery import DeliveryMetrics
from model.findings.alert import Alert, Event
from model.frozen import frozen
from model.ports import Clock, ReportedAlerts
from model.tracing import span
from service.integrations.attempts import Attempts, DeliveryError, PartialDeliveryError
from service.integrations.notifier import Notifier, NotifierSettings, Send
from storage import StoreError

_LOG = structlog.stdlib.get_logger("tlsprobe")

MAX_REPORTED: Final = 20_000
"""The most alerts that one notifier may have reported and not ended; it bounds the memory."""

_REMOVED_AFTER: Final = timedelta(hours=1)
"""A target may be missing while a source or a name server is down, without an event."""

_LONGEST_WAIT: Final = 600.0
_VALID_FOR: Final = timedelta(minutes=5)


@frozen
class Channel:
    """A connected notifier ``name`` of the configuration: ``send`` sends messages to its receiver."""

    name: str
    notifier: Notifier[Any]
    settings: NotifierSettings
    send: Send


class NotifierLoop:
    """Sends what the settings ask for through ``channel``; ``step`` is one round."""

    def __init__(
        self, channel: Channel, store: ReportedAlerts, clock: Clock, metrics: DeliveryMetrics
    ) -> None:
        self._name = channel.name
        self._notifier = channel.notifier
        self._selector = channel.settings.selector
        self._timing = channel.settings.timing
        self._send = channel.send
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._attempts = Attempts(channel.name, metrics, _LONGEST_WAIT)
        self._reported: dict[str, Alert] | None = None
        self._unsaved: dict[str, Alert | None] = {}
        self._absent_since: dict[str, float] = {}
        self._dropped: frozenset[str] = frozenset()
        self._began_at: float | None = None
        self._repeated_at = float("-inf")
        self._not_before = float("-inf")
        self._is_saving = True
        self._digest = self._timing.digest_number(clock.now())

    def reload(self) -> None:
        """Read the reported alerts again at the next step: another process of the fleet may report meanwhile."""
        self._reported = None

    async def step(self, active: ActiveAlerts) -> None:
        """Send the due changes of ``active``; a failure is counted, and the step is repeated later."""
        if not await self._synchronize() or self._reported is None:
            return
        found = await asyncio.to_thread(
            compare,
            self._reported,
            active,
            self._removed_targets(active),
            self._selector,
            MAX_REPORTED,
        )
        self._mark_reported(found.unwanted)
        self._metrics.waiting(self._name, len(found.events))
        self._metrics.dropped(self._name, len(found.dropped - self._dropped))
        self._dropped = found.dropped
        if self._is_due(found):
            await self._deliver(found.events, active.alerts)
        await self._synchronize()

    async def close(self) -> None:
        """Store what was reported since it was last stored, so that the next start does not report it again."""
        if self._unsaved:
            await self._synchronize()

    def _is_due(self, found: Comparison) -> bool:
        now = self._clock.monotonic()
        if now < self._not_before:
            return False
        if self._is_repeat_due and self._reported:
            return True
        if not found.events:
            self._began_at = None
            return False
        if self._timing.digest_hours is not None:
            return self._timing.digest_number(self._clock.now()) > self._digest
        if self._began_at is None:
            self._began_at = now
        return now - self._began_at >= self._timing.group_wait_seconds

    @property
    def _is_repeat_due(self) -> bool:
        after = self._notifier.repeat_seconds
        return after is not None and self._clock.monotonic() - self._repeated_at >= after

    async def _deliver(self, events: Sequence[Event], newest: Mapping[str, Alert]) -> None:
        before = frozenset(self._reported or ())
        try:
            problems = [await self._deliver_some(some) for some in self._batches(events)]
            for problem in filter(None, problems):
                raise problem
            if self._is_repeat_due:
                await self._repeat_active(newest, before)
        except DeliveryError as error:
            self._not_before = self._clock.monotonic() + self._attempts.failed(error)
            return
        self._metrics.waiting(self._name, 0)
        self._began_at = None
        self._digest = self._timing.digest_number(self._clock.now())

    async def _deliver_some(self, events: Sequence[Event]) -> DeliveryError | None:
        """Send one message; what kept alerts of it from arriving, if they may arrive later.

        An alert that the receiver refuses for good counts as reported, so that it is not sent again by itself.
        """
        with span("deliver", sink=self._name, events=len(events)):
            partial = await self._send_most(self._message(events))
        missed = {} if partial is None else partial.missed
        self._mark_reported([event for event in events if event.alert.key not in missed])
        await self._synchronize()
        if partial is None or (not missed and len(partial.refused) < len(events)):
            self._attempts.succeeded()
        elif missed:
            return partial
        else:
            self._attempts.failed(partial)
        return None

    async def _send_most(self, message: Message) -> PartialDeliveryError | None:
        """Send the message; which of its alerts the receiver did not accept, if it accepted the others."""
        try:
            await self._send(self._notifier.render(message))
        except PartialDeliveryError as partial:
            self._attempts.refused(partial.refused)
            return partial
        return None

    async def _repeat_active(self, newest: Mapping[str, Alert], before: Set[str]) -> None:
        """Send every alert that was reported ``before`` again, with its newest text if it is still active.

        What a receiver does not accept then is sent with the next repetition.
        """
        reported = (self._reported or {}).items()
        alerts = tuple(newest.get(key, alert) for key, alert in reported if key in before)
        most = self._notifier.max_events
        for start in range(0, len(alerts), most):
            message = self._message((), alerts[start : start + most])
            with span("deliver", sink=self._name, repeated=len(message.active)):
                partial = await self._send_most(message)
            if partial is None or len(partial.refused) + len(partial.missed) < len(message.active):
                self._attempts.succeeded()
            else:
                self._attempts.failed(partial)
        self._repeated_at = self._clock.monotonic()

    def _batches(self, events: Sequence[Event]) -> Iterator[Sequence[Event]]:
        most = self._notifier.max_events
        for start in range(0, len(events), most):
            yield events[start : start + most]

    def _message(self, events: Sequence[Event], active: Sequence[Alert] | None = None) -> Message:
        """The message of these events; after it all reported alerts are active, unless ``active`` is given."""
        now = self._clock.now()
        if active is None:
            active = tuple(_after(self._reported or {}, events).values())
        if self._notifier.repeat_seconds is not None and events:
            active = tuple(event.alert for event in events if not event.kind.is_end)
        return Message(
            notifier=self._name,
            at=now,
            valid_until=now + _VALID_FOR,
            events=tuple(events),
            active=tuple(active),
            is_digest=self._timing.digest_hours is not None,
            group_label=self._timing.group_label,
        )

    def _mark_reported(self, events: Sequence[Event]) -> None:
        self._reported = _after(self._reported or {}, events)
        for event in events:
            self._unsaved[event.alert.key] = None if event.kind.is_end else event.alert

    async def _synchronize(self) -> bool:
        """Save what is new and read what is stored; returns whether the reported alerts are known."""
        try:
            if self._unsaved:
                reported = [alert for alert in self._unsaved.values() if alert is not None]
                ended = [key for key, alert in self._unsaved.items() if alert is None]
                await self._store.put_reported_alerts(self._name, reported, ended)
                self._unsaved = {}
            if self._reported is None:
                stored = await self._store.reported_alerts(self._name)
                self._reported = {alert.key: alert for alert in stored}
        except StoreError as error:
            # The state in memory is enough to notify while the database is down.
            if self._is_saving:
                _LOG.error("reported alerts cannot be stored", sink=self._name, reason=str(error))
            self._is_saving = False
            return self._reported is not None
        self._is_saving = True
        return True

    def _removed_targets(self, active: ActiveAlerts) -> set[str]:
        """The targets of reported alerts that have been missing from the inventory for an hour."""
        now = self._clock.monotonic()
        absent = {alert.target for alert in (self._reported or {}).values()} - active.seen
        self._absent_since = {target: self._absent_since.get(target, now) for target in absent}
        return {
            target
            for target, since in self._absent_since.items()
            if now - since >= _REMOVED_AFTER.total_seconds()
        }


def _after(reported: dict[str, Alert], events: Sequence[Event]) -> dict[str, Alert]:
    """The reported and active alerts after ``events``."""
    ended = {event.alert.key for event in events if event.kind.is_end}
    started = {event.alert.key: event.alert for event in events if not event.kind.is_end}
    return {key: alert for key, alert in {**reported, **started}.items() if key not in ended}
