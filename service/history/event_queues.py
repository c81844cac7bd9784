"""Reads the calls that queues of AWS report, stores them, and only then deletes their messages.

Of several schedulers, only the leader reads. A process that ends in between has stored the calls or left the messages,
and storing a call twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from discovery.source import SourceError
from exporters.prometheus import ServiceMetrics
from exporters.service_state import QueueReading
from model.ports import Clock
from pki.net_guard.gate import SocketGate
from service.config.clouds.aws import AwsSettings
from service.config.settings import ServiceSettings
from storage import SqlStore, StoreError

if TYPE_CHECKING:
    from discovery.cloud.aws.trail.queue import EventQueue

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")

_PAUSE_SECONDS: Final = 60.0
"""After a failure, and while there is no queue or another scheduler leads."""
_SHORT_PAUSE_SECONDS: Final = 10.0
"""After messages that stay in the queue: a queue full of them is not read without a pause."""


class EventQueues:
    """The queues of the active configuration's sources."""

    def __init__(
        self,
        store: SqlStore,
        clock: Clock,
        settings: Callable[[], ServiceSettings],
        gate: Callable[[], SocketGate],
        metrics: ServiceMetrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._gate = gate
        self._metrics = metrics
        self._used: tuple[Sequence[AwsSettings], SocketGate] | None = None
        self._queues: Sequence[tuple[str, EventQueue]] = ()
        self._warned: dict[str, str] = {}
        """The last problem of each source's queues that is in the log."""

    async def run(self, is_leading: Callable[[], bool]) -> None:
        """Read all queues until cancelled, while this scheduler leads."""
        try:
            while True:
                rounds = await self.round() if is_leading() else ()
                await asyncio.sleep(_pause_after(rounds))
        finally:
            self._stop()

    async def round(self) -> Sequence[QueueReading | None]:
        """Read up to ten messages of each queue; None for each that failed."""
        self._open()
        return await asyncio.gather(*(self._read(*one) for one in self._queues))

    async def _read(self, name: str, queue: EventQueue) -> QueueReading | None:
        try:
            found = await asyncio.to_thread(queue.receive, self._clock.now())
            if found.events:
                most = self._settings().retention.trail_events_rows
                await self._store.put_trail_events(found.events, most=most)
            deleted = await asyncio.to_thread(queue.delete, found.receipts, self._clock.now())
        except (SourceError, StoreError) as error:
            self._warn(name, str(error).rstrip("."))
            return None
        if found.left:
            self._warn(name, f"messages stay in the queue: {found.left[0]}")
        elif found.receipts:
            self._warned.pop(name, None)
        reading = QueueReading(
            received=len(found.receipts) + len(found.left),
            deleted=deleted,
            left=len(found.left),
            stored=len(found.events),
            newest=max((one.call.at for one in found.events), default=None),
        )
        self._metrics.queue_read(name, reading)
        return reading

    def _open(self) -> None:
        """The queues of the active configuration."""
        using = (_with_queues(self._settings()), self._gate())
        if using == self._used:
            return
        self._stop()
        self._used, self._warned = using, {}
        if not using[0]:
            self._queues = ()
            return
        try:
            from discovery.cloud.aws.trail.queue import EventQueue
        except ModuleNotFoundError as error:
            self._queues = ()
            self._warn("aws", f"the Python package {error.name} is missing: install tlsprobe[aws]")
            return
        self._queues = tuple(
            (one.source_name(), EventQueue(arn, one.scope, using[1]))
            for one in using[0]
            for arn in one.event_queues
        )

    def _stop(self) -> None:
        for _, queue in self._queues:
            queue.stop()

    def _warn(self, name: str, reason: str) -> None:
        """Log a problem once."""
        if self._warned.get(name) != reason:
            _LOG.warning("a queue of calls has a problem", source=name, reason=reason)
        self._warned[name] = reason


def _pause_after(rounds: Sequence[QueueReading | None]) -> float:
    """A queue that is empty has waited on its own."""
    if not rounds or None in rounds:
        return _PAUSE_SECONDS
    return _SHORT_PAUSE_SECONDS if any(one and one.left for one in rounds) else 0.0


def _with_queues(settings: ServiceSettings) -> tuple[AwsSettings, ...]:
    aws = (one for one in settings.discovery if isinstance(one, AwsSettings))
    return tuple(one for one in aws if one.event_queues)
