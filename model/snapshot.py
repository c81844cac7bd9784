"""The Snapshot: the newest Observation of every current endpoint, for exporters.

A scrape or a report reads a Snapshot and never probes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model.claims.held import HeldClaim
from model.claims.resource_claim import ResourceClaim
from model.findings.finding import Finding
from model.frozen import frozen
from model.observation import Observation
from model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class EndpointStatus:
    """One current endpoint: its newest Observation and its recent history.

    ``last_probe_at`` is when the newest visit ended; ``last_success_at`` when the endpoint last answered,
    or None if it never did. ``findings`` are the unresolved ones, ``compliance`` is by policy. ``policies`` are the
    digests of the policies that judged the newest visit, by name; None if that is not known. ``claims`` are what the
    target's configuration declares, as the newest visit shows it.
    ``config_changed_at`` is when facts last differed from the previous visit, ``certificate_changed_at`` when a
    leaf did; None if that never happened.
    """

    observation: Observation
    last_probe_at: datetime
    last_success_at: datetime | None
    consecutive_failures: int
    interval_seconds: float
    findings: tuple[Finding, ...] = ()
    compliance: Mapping[str, Verdict] = field(default_factory=dict)
    policies: Mapping[str, str] | None = None
    claims: tuple[HeldClaim, ...] = ()
    config_changed_at: datetime | None = None
    certificate_changed_at: datetime | None = None


@frozen
class Snapshot:
    """The state of the inventory at one point in time, ordered by endpoint key.

    ``resource_claims`` are about resources that no target has.
    """

    taken_at: datetime
    endpoints: tuple[EndpointStatus, ...]
    resource_claims: tuple[ResourceClaim, ...] = ()
