"""Metrics of what the service sends by itself: a file, remote writes, and messages of notifiers."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporters.prometheus.families.family import PREFIX
from exporters.prometheus.service.service_families import described


class DeliveryMetrics:
    """Counts by ``outlet``: ``textfile``, ``remote_write``, or a notifier's name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deliveries = _counter("deliveries_total", registry)
        self._failures = _counter("delivery_failures_total", registry)
        self._last_success = _gauge("delivery_last_success_timestamp_seconds", registry)
        self._samples = _counter("remote_write_samples_total", registry)
        self._waiting = _gauge("notifications_waiting", registry)
        self._untold = _counter("notifications_dropped_total", registry)

    def begin(self, outlet: str) -> None:
        """Show zeros for an outlet that has done nothing yet."""
        self._deliveries.labels(outlet)
        self._failures.labels(outlet)

    def delivered(self, outlet: str) -> None:
        """Count a file that was written, a push that got through, or a message that was taken."""
        self._deliveries.labels(outlet).inc()
        self._last_success.labels(outlet).set(time.time())

    def failed(self, outlet: str) -> None:
        """Count an attempt that failed."""
        self._failures.labels(outlet).inc()

    def samples_sent(self, count: int) -> None:
        """Count samples that the receiver of remote writes took."""
        self._samples.inc(count)

    def waiting(self, outlet: str, count: int) -> None:
        """Note how many events a notifier has to tell."""
        self._waiting.labels(outlet).set(count)

    def dropped(self, outlet: str, count: int) -> None:
        """Count events that a notifier has no room for."""
        self._untold.labels(outlet).inc(count)


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    family = described(name)
    return Counter(PREFIX + family.name, family.help, family.labels, registry=registry)


def _gauge(name: str, registry: CollectorRegistry) -> Gauge:
    family = described(name)
    return Gauge(PREFIX + family.name, family.help, family.labels, registry=registry)
