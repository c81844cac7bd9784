"""Says in the log what the service does, and passes it on to what counts it."""

from __future__ import annotations

import structlog

from model.observation import Observation
from model.ports import Meter

_LOG = structlog.stdlib.get_logger("tlsprobe")


class LoggingMeter:
    """A Meter in front of another; an event of the log for every call."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def visit_finished(self, observation: Observation) -> None:
        """Log the visit: who, what came out, and what it cost."""
        self._meter.visit_finished(observation)
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

    def store_write_failed(self) -> None:
        """Log that a visit was not kept; the scheduler logs why."""
        self._meter.store_write_failed()
        _LOG.error("a visit could not be stored")

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """Log what a source holds now, or why its last good state stays in force."""
        self._meter.discovery_updated(source, targets, error)
        if error is None:
            _LOG.info("targets read", source=source, targets=targets)
        else:
            _LOG.error("targets could not be read, the last good ones stay", reason=error)
