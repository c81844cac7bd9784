"""Metrics of what the service sends on its own: a file, remote writes, and notifiers' messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporters.prometheus.families.family import PREFIX
from exporters.prometheus.service.service_families import described
from exporters.service_state import SinkState


class DeliveryMetrics:
    """Counts by sink: ``textfile``, ``remote_write``, or a notifier's name; the label is called ``sink``.

    ``states`` has the same for people, with the reasons of failures.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries = _counter("deliveries_total", registry)
        self._failures = _counter("delivery_failures_total", registry)
        self._last_success = _gauge("delivery_last_success_timestamp_seconds", registry)
        self._samples = _counter("remote_write_samples_total", registry)
        self._waiting = _gauge("notifications_queued", registry)
        self._dropped = _counter("notifications_dropped_total", registry)
        self._refused = _counter("notifications_refused_total", registry)
        self._states: dict[str, SinkState] = {}

    @property
    def states(self) -> Sequence[SinkState]:
        """What each sink has done, by name."""
        return [state for _, state in sorted(self._states.items())]

    def begin(self, sink: str) -> None:
        """Show zeros for a sink that has not sent anything yet."""
        self._deliveries.labels(sink)
        self._failures.labels(sink)
        self._refused.labels(sink)
        self._states[sink] = self._state(sink)

    def delivered(self, sink: str) -> None:
        """Count a written file, a successful push, or an accepted message."""
        now = datetime.now(UTC)
        self._deliveries.labels(sink).inc()
        self._last_success.labels(sink).set(now.timestamp())
        deliveries = self._state(sink).deliveries + 1
        self._change(sink, deliveries=deliveries, delivered_at=now, failures=0)

    def failed(self, sink: str, reason: str) -> None:
        """Count a failed attempt."""
        self._failures.labels(sink).inc()
        failures = self._state(sink).failures + 1
        self._change(sink, failures=failures, failed_at=datetime.now(UTC), error=reason)

    def samples_sent(self, count: int) -> None:
        """Count samples that the receiver of remote writes accepted."""
        self._samples.inc(count)

    def waiting(self, sink: str, count: int) -> None:
        """Set the number of events that a notifier has to send."""
        self._waiting.labels(sink).set(count)
        self._change(sink, waiting=count)

    def dropped(self, sink: str, count: int) -> None:
        """Count alerts that a notifier newly has no room for."""
        self._dropped.labels(sink).inc(count)

    def refused(self, sink: str, count: int) -> None:
        """Count alerts that a receiver refuses for good."""
        self._refused.labels(sink).inc(count)

    def _state(self, sink: str) -> SinkState:
        return self._states.get(sink) or SinkState(sink=sink)

    def _change(self, sink: str, **values: Any) -> None:
        self._states[sink] = replace(self._state(sink), **values)


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    family = described(name)
    return Counter(PREFIX + family.name, family.help, family.labels, registry=registry)


def _gauge(name: str, registry: CollectorRegistry) -> Gauge:
    family = described(name)
    return Gauge(PREFIX + family.name, family.help, family.labels, registry=registry)
