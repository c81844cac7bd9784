"""What the parts of a running service do now: values for people, next to the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from model.frozen import frozen


@frozen
class SinkState:
    """What a sink has sent since the service started; ``failures`` are the failed attempts since it last succeeded.

    ``error`` is the reason of the newest failure, empty without one; ``waiting`` is how many events it has to send.
    """

    sink: str
    deliveries: int = 0
    delivered_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None
    error: str = ""
    waiting: int = 0


@frozen
class FleetState:
    """The fleet as its leader last saw it; zeros if another scheduler leads."""

    leads: bool = False
    workers: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    quarantined: int = 0


@frozen
class PartStates:
    """The parts. ``skipped`` are the sentences about entries of each source; ``fleet`` is None without workers."""

    skipped: Mapping[str, Sequence[str]]
    sinks: Sequence[SinkState]
    fleet: FleetState | None


@frozen
class QueueReading:
    """What one reading of a queue of calls did, in messages; ``newest`` is the time of the newest stored call."""

    received: int = 0
    deleted: int = 0
    left: int = 0
    stored: int = 0
    newest: datetime | None = None
