"""What happens in the service, told to all who want to know: the log, the metrics, the inventory."""

from __future__ import annotations

import time
from typing import Final

import structlog

from exporters.prometheus import ServiceMetrics
from model.endpoint_state import Advanced, Visit
from model.observation import Observation
from service.inventory.inventory import Inventory

_SHORTAGE_EVERY_SECONDS: Final = 60.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


class ServiceMeter:
    """The Meter that the service's parts are given; ``metrics`` is the one that counts."""

    def __init__(self, metrics: ServiceMetrics, inventory: Inventory) -> None:
        self._metrics = metrics
        self._inventory = inventory
        self._said_short_at = -_SHORTAGE_EVERY_SECONDS

    def visit_finished(self, visit: Visit) -> None:
        """Show the visit's facts from now on, and log who, what came out, and what it cost."""
        observation = visit.observation
        self._metrics.visit_finished(observation)
        self._inventory.visit_finished(visit)
        log = _LOG.info if observation.answered_as_tls else _LOG.warning
        reason = {"reason": observation.reason} if observation.reason else {}
        log(
            "visit finished",
            endpoint=observation.endpoint.key,
            state=observation.state.value,
            seconds=round(observation.cost.duration_seconds, 3),
            connections=observation.cost.connections,
            **reason,
        )

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Show what the database says that the visit did."""
        self._inventory.visit_stored(visit, advanced)

    def visit_began(self, late_seconds: float) -> None:
        """Note how late it is."""
        self._metrics.visit_began(late_seconds)

    def visit_doubted(self, observation: Observation) -> None:
        """Log it: the endpoint's last facts stay until the visit is repeated."""
        self._metrics.visit_doubted(observation)
        _LOG.info(
            "visit failed, to be repeated soon",
            endpoint=observation.endpoint.key,
            state=observation.state.value,
            reason=observation.reason,
        )

    def ran_short(self, reason: str) -> None:
        """Count a visit or look-up that was put off, and log it, but once a minute at most."""
        self._metrics.ran_short()
        now = time.monotonic()
        if now - self._said_short_at >= _SHORTAGE_EVERY_SECONDS:
            self._said_short_at = now
            _LOG.warning(
                "visits are put off: raise the limit of open files (ulimit -n), or lower "
                "probe.connections_open",
                reason=reason,
            )

    def store_write_failed(self) -> None:
        """Count it; who failed to write logs why."""
        self._metrics.store_write_failed()

    def discovery_untrusted(self, source: str, labels: int) -> None:
        """Count it; who reads the source logs which labels."""
        self._metrics.discovery_untrusted(source, labels)

    def discovery_expired(self, source: str) -> None:
        """Log that a source has nothing any more."""
        self._metrics.discovery_expired(source)
        _LOG.error("a source failed for too long, its targets are let go", source=source)

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """Log what a source holds now, or why its last good state stays in force."""
        self._metrics.discovery_updated(source, targets, error)
        if error is None:
            _LOG.info("targets read", source=source, targets=targets)
        else:
            _LOG.error(
                "targets could not be read, the last good ones stay", source=source, reason=error
            )
