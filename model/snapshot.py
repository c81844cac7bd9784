"""The Snapshot: the newest Observation of every current endpoint, which exporters read.

A scrape or a report reads a Snapshot and never probes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from model.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    """One current endpoint: its newest Observation and how it has fared.

    ``last_probe_at`` is when the newest visit ended; ``last_success_at`` when one last
    answered as TLS, or None if it never did.
    """

    observation: Observation
    last_probe_at: datetime
    last_success_at: datetime | None
    consecutive_failures: int
    interval_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of the inventory at one moment, ordered by endpoint key."""

    taken_at: datetime
    endpoints: tuple[EndpointStatus, ...]
