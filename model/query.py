"""Queries to the Store beyond the newest facts: the selection of endpoints, and the form of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from model.findings.finding import RuleResult
from model.frozen import frozen
from model.observation import Observation
from model.snapshot import EndpointStatus
from model.verdict import Verdict


@frozen
class Selection:
    """The endpoints that a query covers; None or empty means no restriction.

    ``place`` is a host, a target's key or an endpoint's key; the target must have had all of ``labels`` at its
    last visit; ``keys`` are the keys of the endpoints themselves.
    """

    place: str | None = None
    keys: frozenset[str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


EVERYWHERE = Selection()


@frozen
class PageEnd:
    """Where a page of endpoints ended; the next page starts there."""

    not_after: datetime
    endpoint_id: int


T_co = TypeVar("T_co", covariant=True)


@frozen
class RowEnd:
    """Where a page of a list that grows at its start ended: the time and the row of its last item."""

    at: datetime
    row_id: int


@frozen
class NewestFirst(Generic[T_co]):
    """Some items, newest first; ``end`` is None on the last page."""

    items: tuple[T_co, ...]
    end: RowEnd | None


class Transition(StrEnum):
    """How the first visit of a Period relates to the visits before it."""

    FIRST = "first"
    """There was no earlier visit."""
    SAME = "same"
    """All facts known to both are equal; other facts are unknown now, or known again."""
    CHANGED = "changed"
    """A fact has another value: there are Changes."""
    FLAPPING = "flapping"
    """Recent facts came back because the endpoint flaps: no Changes are recorded."""


@frozen
class Period:
    """Consecutive visits with the same facts, from the start of the first to the newest one.

    ``observation`` has the facts without evidence, from the first visit that ever found them.
    """

    endpoint_key: str
    turn: Transition
    first_at: datetime
    last_at: datetime
    visits: int
    observation: Observation


@frozen
class Page:
    """Some endpoints, earliest certificate expiry first; ``end`` is None on the last page."""

    endpoints: tuple[EndpointStatus, ...]
    end: PageEnd | None


@frozen
class Opening:
    """One time that a Finding was open: from ``opened_at`` until ``resolved_at``, None while it is open.

    ``result`` is the newest of that time, with the evidence of the first visit that had it.
    """

    result: RuleResult
    opened_at: datetime
    resolved_at: datetime | None


@frozen
class ComplianceCount:
    """How many endpoints had this verdict of a policy at a time."""

    at: datetime
    policy: str
    verdict: Verdict
    endpoints: int


class ServiceEventKind(StrEnum):
    """What may happen to the service."""

    STARTED = "started"
    STOPPED = "stopped"
    """As requested; a start without a stop before it was preceded by a crash."""
    CRASHED = "crashed"
    ENDPOINT_QUARANTINED = "endpoint_quarantined"
    """Processes that visited the endpoint died."""
    STORAGE_LIMIT_REACHED = "storage_limit_reached"
    """An endpoint reached its daily limit."""
    CLOCK_JUMPED = "clock_jumped"


@frozen
class ServiceEvent:
    """Something that happened to the service itself; ``sentence`` is for people.

    ``kind`` is a ServiceEventKind, or that of a newer version whose database is read.

    ``endpoint_key`` names the endpoint that the event is about; None if it is about no endpoint.
    """

    at: datetime
    kind: str
    sentence: str
    endpoint_key: str | None = None


class AuditAction(StrEnum):
    """What clients, signals and commands may change."""

    WAIVER_SET = "waiver_set"
    WAIVER_REMOVED = "waiver_removed"
    TARGET_ADDED = "target_added"
    TARGET_CHANGED = "target_changed"
    TARGET_REMOVED = "target_removed"
    CONFIGURATION_RELOADED = "configuration_reloaded"
    PROBE_REQUESTED = "probe_requested"
    PROBE_REMOVED = "probe_removed"
    """It was cancelled, or its result was deleted."""
    REMEDIATION_STARTED = "remediation_started"
    """A setting of a foreign system is about to change; one of the next three follows."""
    REMEDIATION_KEPT = "remediation_kept"
    REMEDIATION_ROLLED_BACK = "remediation_rolled_back"
    REMEDIATION_FAILED = "remediation_failed"
    """The setting may be neither what it was nor what it should be: a person must look."""


@frozen
class AuditEntry:
    """An entry of the audit log: one change.

    ``actor`` is who made it, ``method`` how that is known, and ``role`` what allowed it; ``address`` is that of the
    connection, None for a signal. ``subject`` names what was changed. ``action`` is an AuditAction, or that of a
    newer version whose database is read.
    """

    at: datetime
    actor: str
    method: str
    role: str
    address: str | None
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
