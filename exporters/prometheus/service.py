"""The service's own numbers: what it did, what it is doing, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

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

from exporters.prometheus.family import label_value
from model.observation import Mode, Observation, State
from model.version import TOOL_VERSION

_DURATIONS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_DELAYS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0)


class ServiceMetrics:
    """A Meter that counts into ``registry``; gauges ask the service when they are read.

    ``store_up`` says whether the database answers; ``snapshot_age_seconds`` is for a service that
    keeps its Snapshot between scrapes, and without it has no series. The others are numbers of
    the scheduler.
    """

    def __init__(
        self,
        *,
        queue_length: Callable[[], int],
        visits_in_flight: Callable[[], int],
        schedule_lag_seconds: Callable[[], float],
        store_up: Callable[[], bool],
        snapshot_age_seconds: Callable[[], float] | None = None,
    ) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("tlsprobe_build", "The version that runs.", registry=registry).info(
            {"version": TOOL_VERSION}
        )
        for name, text, ask in (
            ("queue_length", "Visits and look-ups that are due and wait.", queue_length),
            ("probes_in_flight", "Visits that run now.", visits_in_flight),
            (
                "schedule_lag_seconds",
                "For how long the first in the queue has been due.",
                schedule_lag_seconds,
            ),
            ("store_up", "1 where the database answers, 0 where it does not.", store_up),
            (
                "snapshot_age_seconds",
                "How long ago the facts on the inventory's page were put together.",
                snapshot_age_seconds,
            ),
        ):
            if ask is None:
                continue
            Gauge(f"tlsprobe_{name}", text, registry=registry).set_function(_as_float(ask))
        self._probes = Counter("tlsprobe_probes", "Visits that ended.", ["mode"], registry=registry)
        self._failures = Counter(
            "tlsprobe_probe_failures",
            "Visits that did not find TLS, by the state found.",
            ["reason"],
            registry=registry,
        )
        self._durations = Histogram(
            "tlsprobe_probe_run_duration_seconds",
            "How long visits took.",
            buckets=_DURATIONS,
            registry=registry,
        )
        self._delays = Histogram(
            "tlsprobe_probe_delay_seconds",
            "How long after they were due visits began.",
            buckets=_DELAYS,
            registry=registry,
        )
        self._doubted = Counter(
            "tlsprobe_probes_doubted",
            "Visits that failed and were repeated soon, before the endpoint counts as failing.",
            registry=registry,
        )
        self._connections = Counter(
            "tlsprobe_connections", "TCP connections that visits opened.", registry=registry
        )
        self._write_failures = Counter(
            "tlsprobe_store_write_failures",
            "Attempts to store a visit that failed.",
            registry=registry,
        )
        self._reload_successful = Gauge(
            "tlsprobe_config_last_reload_successful",
            "1 where the last reading of the configuration was good, 0 where the one before is in force.",
            registry=registry,
        )
        self._reload_at = Gauge(
            "tlsprobe_config_last_reload_success_timestamp_seconds",
            "When the configuration was last read well.",
            registry=registry,
        )
        self.config_read(is_good=True)
        self._discovery = _Discovery(registry)
        for mode in Mode:
            self._probes.labels(mode.value)
        for state in State:
            if state is not State.TLS:
                self._failures.labels(state.value)

    def visit_finished(self, observation: Observation) -> None:
        """Count a visit."""
        self._probes.labels(observation.mode.value).inc()
        self._durations.observe(observation.cost.duration_seconds)
        self._connections.inc(observation.cost.connections)
        if not observation.answered_as_tls:
            self._failures.labels(observation.state.value).inc()

    def visit_began(self, late_seconds: float) -> None:
        """Count how late it is."""
        self._delays.observe(late_seconds)

    def visit_doubted(self, observation: Observation) -> None:
        """Count a failure that is to be repeated, and what it cost."""
        self._doubted.inc()
        self._connections.inc(observation.cost.connections)

    def store_write_failed(self) -> None:
        """Count a write that failed."""
        self._write_failures.inc()

    def config_read(self, *, is_good: bool) -> None:
        """Note how the configuration's last reading went."""
        self._reload_successful.set(is_good)
        if is_good:
            self._reload_at.set(time.time())

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """Note how a source's last reading went."""
        self._discovery.updated(label_value(source), targets, error)


class _Discovery:
    """How each source of targets fares."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._targets = Gauge(
            "tlsprobe_discovery_targets",
            "Targets that the source last gave.",
            ["source"],
            registry=registry,
        )
        self._up = Gauge(
            "tlsprobe_discovery_up",
            "1 where the source's last reading was good, 0 where the one before is in force.",
            ["source"],
            registry=registry,
        )
        self._errors = Counter(
            "tlsprobe_discovery_errors",
            "Readings of the source that failed.",
            ["source"],
            registry=registry,
        )
        self._last_success = Gauge(
            "tlsprobe_discovery_last_success_timestamp_seconds",
            "When the source was last read well.",
            ["source"],
            registry=registry,
        )

    def updated(self, source: str, targets: int | None, error: str | None) -> None:
        self._up.labels(source).set(error is None)
        errors = self._errors.labels(source)
        if error is not None:
            errors.inc()
        if targets is not None:
            self._targets.labels(source).set(targets)
            self._last_success.labels(source).set(time.time())


def _as_float(ask: Callable[[], float]) -> Callable[[], float]:
    return lambda: float(ask())
