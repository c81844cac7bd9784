"""The service's own numbers: what it did, what it is doing, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

from exporters.prometheus.service.service_families import described
from exporters.service_state import QueueReading
from model.observation import ANSWERED, Mode, Observation, State
from model.safe_output.label_text import label_value
from model.version import TOOL_VERSION

_DURATIONS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_DELAYS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0)
_LONGEST_EXEMPLAR: Final = 100
"""Maximum characters; OpenMetrics allows 128 for all labels of an exemplar."""


class ServiceMetrics:
    """A Meter that counts into ``registry``; gauges ask the service when they are read.

    ``store_up`` is whether the database answers. ``snapshot_age_seconds`` is for a service that caches its
    Snapshot between scrapes, and ``endpoints_quarantined`` for one that probes in its own process; without them
    these series do not exist. The others are numbers of the scheduler.
    """

    def __init__(
        self,
        *,
        queue_length: Callable[[], int],
        probes_in_flight: Callable[[], int],
        schedule_lag_seconds: Callable[[], float],
        store_up: Callable[[], bool],
        snapshot_age_seconds: Callable[[], float] | None = None,
        endpoints_quarantined: Callable[[], int] | None = None,
    ) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("tlsprobe_build", described("build_info").help, registry=registry).info(
            {"version": TOOL_VERSION}
        )
        _ask_at_each_scrape(
            registry,
            queue_length=queue_length,
            probes_in_flight=probes_in_flight,
            schedule_lag_seconds=schedule_lag_seconds,
            store_up=store_up,
            snapshot_age_seconds=snapshot_age_seconds,
            endpoints_quarantined=endpoints_quarantined,
        )
        self._probes = _counter("probes_total", registry)
        self._failures = _counter("probe_failures_total", registry)
        self._durations = _histogram("probe_run_duration_seconds", _DURATIONS, registry)
        self._delays = _histogram("probe_delay_seconds", _DELAYS, registry)
        self._doubted = _counter("probes_retried_total", registry)
        self._put_off = _counter("probes_postponed_total", registry)
        self._connections = _counter("connections_total", registry)
        self._write_failures = _counter("store_write_failures_total", registry)
        self._store_dropped = _counter("store_dropped_bytes_total", registry)
        self._held_back = _gauge("retention_lag_seconds", registry)
        self._series_dropped = _counter("series_dropped_total", registry)
        self._reload_successful = _gauge("config_last_reload_successful", registry)
        self._reload_at = _gauge("config_last_reload_success_timestamp_seconds", registry)
        self.config_read(is_good=True)
        self._discovery = _Discovery(registry)
        self._queues = _Queues(registry)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Gives each series a value before its first event, so that a rate over it starts at the start."""
        for mode in Mode:
            self._probes.labels(mode.value)
        for state in State:
            if state not in ANSWERED:
                self._failures.labels(state.value)

    def visit_finished(self, observation: Observation) -> None:
        """Count a visit; in OpenMetrics, its duration's bucket has the target as an exemplar."""
        self._probes.labels(observation.mode.value).inc()
        named = label_value(observation.endpoint.target.key, _LONGEST_EXEMPLAR)
        exemplar = {"target": named} if len(named) <= _LONGEST_EXEMPLAR else None
        self._durations.observe(observation.cost.duration_seconds, exemplar=exemplar)
        self._connections.inc(observation.cost.connections)
        if not observation.answered:
            self._failures.labels(observation.state.value).inc()

    def visit_began(self, late_seconds: float) -> None:
        """Count the delay."""
        self._delays.observe(late_seconds)

    def visit_doubted(self, observation: Observation) -> None:
        """Count a failed visit that will be repeated, and its cost."""
        self._doubted.inc()
        self._connections.inc(observation.cost.connections)

    def ran_short(self) -> None:
        """Count a visit or look-up that is repeated later because this machine ran out of resources."""
        self._put_off.inc()

    def store_write_failed(self) -> None:
        """Count a failed write."""
        self._write_failures.inc()

    def store_dropped(self, size: int) -> None:
        """Count bytes that were not stored."""
        self._store_dropped.inc(size)

    def retention_held_back(self, seconds: float) -> None:
        """Show by how much the clock is ahead of the time that the service trusts."""
        self._held_back.set(seconds)

    def series_dropped(self, count: int) -> None:
        """Count series that exceeded a limit of the inventory's page."""
        self._series_dropped.inc(count)

    def config_read(self, *, is_good: bool) -> None:
        """Record the result of the configuration's last reading."""
        self._reload_successful.set(is_good)
        if is_good:
            self._reload_at.set(time.time())

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """Record the result of a source's last reading."""
        self._discovery.updated(label_value(source), targets, error)

    def discovery_untrusted(self, source: str, labels: int) -> None:
        """Record how many labels of a source are ignored."""
        self._discovery.untrusted(label_value(source), labels)

    def discovery_skipped(self, source: str, entries: int) -> None:
        """Record how many entries of a source yield no target."""
        self._discovery.skipped(label_value(source), entries)

    def discovery_expired(self, source: str) -> None:
        """Record that a source's targets were removed."""
        self._discovery.expired(label_value(source))

    def queue_read(self, source: str, reading: QueueReading) -> None:
        """Record what one reading of a source's queue did."""
        self._queues.read(label_value(source), reading)

    def forget_source(self, source: str) -> None:
        """Remove the series of a source that is no longer in the configuration."""
        self._discovery.forget(label_value(source))


class _Discovery:
    """The state of each source of targets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._targets = _gauge("discovery_targets", registry)
        self._untrusted = _gauge("discovery_untrusted_labels", registry)
        self._skipped = _gauge("discovery_skipped", registry)
        self._up = _gauge("discovery_up", registry)
        self._errors = _counter("discovery_errors_total", registry)
        self._last_success = _gauge("discovery_last_success_timestamp_seconds", registry)

    def updated(self, source: str, targets: int | None, error: str | None) -> None:
        self._up.labels(source).set(error is None)
        errors = self._errors.labels(source)
        if error is not None:
            errors.inc()
        if targets is not None:
            self._targets.labels(source).set(targets)
            self._last_success.labels(source).set(time.time())

    def untrusted(self, source: str, labels: int) -> None:
        self._untrusted.labels(source).set(labels)

    def skipped(self, source: str, entries: int) -> None:
        self._skipped.labels(source).set(entries)

    def expired(self, source: str) -> None:
        self._targets.labels(source).set(0)

    def forget(self, source: str) -> None:
        gauges = (self._targets, self._untrusted, self._skipped, self._up, self._last_success)
        for metric in (*gauges, self._errors):
            with suppress(KeyError):
                metric.remove(source)


class _Queues:
    """What the queues of sources gave."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._received = _counter("queue_messages_received_total", registry)
        self._deleted = _counter("queue_messages_deleted_total", registry)
        self._left = _counter("queue_messages_left_total", registry)
        self._stored = _counter("queue_calls_stored_total", registry)
        self._newest = _gauge("queue_newest_call_timestamp_seconds", registry)
        self._newest_at: dict[str, float] = {}

    def read(self, source: str, reading: QueueReading) -> None:
        self._received.labels(source).inc(reading.received)
        self._deleted.labels(source).inc(reading.deleted)
        self._left.labels(source).inc(reading.left)
        self._stored.labels(source).inc(reading.stored)
        if reading.newest is not None:
            at = reading.newest.timestamp()
            self._newest_at[source] = max(at, self._newest_at.get(source, at))
            self._newest.labels(source).set(self._newest_at[source])


def _ask_at_each_scrape(registry: CollectorRegistry, **gauges: Callable[[], float] | None) -> None:
    """Registers gauges by name, each with the function that gives its value; None leaves one out."""
    for name, ask in gauges.items():
        if ask is not None:
            _gauge(name, registry).set_function(_as_float(ask))


def _gauge(name: str, registry: CollectorRegistry) -> Gauge:
    family = described(name)
    return Gauge(f"tlsprobe_{name}", family.help, family.labels, registry=registry)


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    family = described(name)
    return Counter(f"tlsprobe_{name}", family.help, family.labels, registry=registry)


def _histogram(name: str, buckets: tuple[float, ...], registry: CollectorRegistry) -> Histogram:
    family = described(name)
    return Histogram(f"tlsprobe_{name}", family.help, buckets=buckets, registry=registry)


def _as_float(ask: Callable[[], float]) -> Callable[[], float]:
    return lambda: float(ask())
