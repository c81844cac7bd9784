"""Reports the events of the service to the log, the metrics and the inventory."""

from __future__ import annotations

import time
from typing import Final

import structlog

from exporters.prometheus import ServiceMetrics
from model.endpoint_state import Advanced, Visit
from model.observation import Observation
from model.verification.remembered import Remembered
from service.inventory.inventory import Inventory

_SHORTAGE_EVERY_SECONDS: Final = 60.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


class ServiceMeter:
    """The Meter of the service's parts; ``metrics`` counts the events."""

    def __init__(self, metrics: ServiceMetrics, inventory: Inventory) -> None:
        self._metrics = metrics
        self._inventory = inventory
        self._said_short_at = -_SHORTAGE_EVERY_SECONDS

    def visit_finished(self, visit: Visit) -> None:
        """Show the visit's facts from now on, and log the endpoint, the result and the cost.

        The log has a warning when an endpoint stops answering or never did, and not again while that lasts.
        """
        observation = visit.observation
        before = self._inventory.latest(observation.endpoint.key)
        self._metrics.visit_finished(observation)
        self._inventory.visit_finished(visit)
        is_news = before is None or before.state is not observation.state
        log = _LOG.warning if is_news and not observation.answered else _LOG.info
        reason = {"reason": observation.reason} if observation.reason else {}
        log(
            "visit finished",
            endpoint=observation.endpoint.key,
            state=observation.state.value,
            seconds=round(observation.cost.duration_seconds, 3),
            connections=observation.cost.connections,
            **reason,
        )

    def remembered(self, endpoint_key: str) -> Remembered | None:
        """What the next visit to the endpoint may take for known without reading the database."""
        return self._inventory.remembered.get(endpoint_key)

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Show the database's result of the visit."""
        self._inventory.visit_stored(visit, advanced)

    def visit_began(self, late_seconds: float) -> None:
        """Record how late the visit started."""
        self._metrics.visit_began(late_seconds)

    def visit_doubted(self, observation: Observation) -> None:
        """Count and log the failure: the endpoint's last facts remain until the visit is repeated."""
        self._metrics.visit_doubted(observation)
        _LOG.info(
            "visit failed, will be repeated soon",
            endpoint=observation.endpoint.key,
            state=observation.state.value,
            reason=observation.reason,
        )

    def ran_short(self, reason: str) -> None:
        """Count a visit or look-up that was postponed, and log it at most once a minute."""
        self._metrics.ran_short()
        now = time.monotonic()
        if now - self._said_short_at >= _SHORTAGE_EVERY_SECONDS:
            self._said_short_at = now
            _LOG.warning(
                "visits are postponed: raise the limit of open files (ulimit -n), or lower "
                "probe.connections_open",
                reason=reason,
            )

    def store_write_failed(self) -> None:
        """Count the failure; the writer logs the reason."""
        self._metrics.store_write_failed()

    def discovery_untrusted(self, source: str, labels: int) -> None:
        """Count the labels; the reader of the source logs their names."""
        self._metrics.discovery_untrusted(source, labels)

    def discovery_skipped(self, source: str, entries: int) -> None:
        """Count the entries; the reader of the source logs them."""
        self._metrics.discovery_skipped(source, entries)

    def discovery_expired(self, source: str) -> None:
        """Count and log that a source's targets were removed."""
        self._metrics.discovery_expired(source)
        _LOG.error("a source failed for too long, its targets are removed", source=source)

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """Count and log a source's targets, or why its last good targets remain."""
        self._metrics.discovery_updated(source, targets, error)
        if error is None:
            _LOG.info("targets read", source=source, targets=targets)
        else:
            _LOG.error(
                "targets could not be read, the previous ones stay", source=source, reason=error
            )
