"""Metrics of a scheduler with workers: the leader, the workers, waiting jobs and quarantined endpoints."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from exporters.prometheus.families.family import PREFIX
from exporters.prometheus.service.service_families import described
from exporters.service_state import FleetState


class FleetMetrics:
    """Counts what the leading scheduler sees; all but ``tlsprobe_leader`` is as it last saw it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._leader = _gauge("leader", registry)
        self._workers = _gauge("workers", registry)
        self._waiting = _gauge("jobs_waiting", registry)
        self._set_aside = _gauge("endpoints_quarantined", registry)
        rescued = described("jobs_rescued_total")
        self._rescued = Counter(
            PREFIX + rescued.name, rescued.help, rescued.labels, registry=registry
        )
        self.state = FleetState()
        """The same for people."""

        for outcome in ("retried", "given_up"):
            self._rescued.labels(outcome)

    def leads(self, does: bool) -> None:
        """Set whether this scheduler leads; a scheduler that does not lead reports zero workers and jobs."""
        self._leader.set(does)
        self.state = FleetState(leads=does)
        if not does:
            self.counted(workers=0, waiting={}, set_aside=0)

    def counted(self, *, workers: int, waiting: Mapping[str, int], set_aside: int) -> None:
        """Set the numbers that the leader counted."""
        self._workers.set(workers)
        self._set_aside.set(set_aside)
        self.state = FleetState(
            leads=self.state.leads, workers=workers, waiting=dict(waiting), quarantined=set_aside
        )
        self._waiting.clear()
        for queue, jobs in waiting.items():
            self._waiting.labels(queue).set(jobs)

    def jobs_rescued(self, *, retried: int, given_up: int) -> None:
        """Count jobs of dead workers."""
        self._rescued.labels("retried").inc(retried)
        self._rescued.labels("given_up").inc(given_up)


def _gauge(name: str, registry: CollectorRegistry) -> Gauge:
    family = described(name)
    return Gauge(PREFIX + family.name, family.help, family.labels, registry=registry)
