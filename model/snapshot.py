"""The Snapshot: the newest Observation of every current endpoint, which exporters read.

A scrape or a report reads a Snapshot and never probes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model.findings.finding import Finding
from model.observation import Observation
from model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class EndpointStatus:
    """One current endpoint: its newest Observation and how it has fared.

    ``last_probe_at`` is when the newest visit ended; ``last_success_at`` when one last
    answered as TLS, or None if it never did. ``findings`` are those that are not resolved,
    ``compliance`` is by policy. ``config_changed_at`` is when facts last differed from the visit
    before, ``certificate_changed_at`` when a leaf did; None where they never have.
    """

    observation: Observation
    last_probe_at: datetime
    last_success_at: datetime | None
    consecutive_failures: int
    interval_seconds: float
    findings: tuple[Finding, ...] = ()
    compliance: Mapping[str, Verdict] = field(default_factory=dict)
    config_changed_at: datetime | None = None
    certificate_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of the inventory at one moment, ordered by endpoint key."""

    taken_at: datetime
    endpoints: tuple[EndpointStatus, ...]
