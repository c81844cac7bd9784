"""The claim ledger: every claim of every endpoint, as its newest visit shows it, and those of resources without one.

Two questions that people ask of it have names: what is declared and not so ("green in configuration, red on the wire"),
and what another scanner reports and the wire disproves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from model.claims.claim import CLAIMS_POLICY, ClaimKind, ClaimVerdict
from model.claims.held import HeldClaim
from model.claims.resource_claim import ResourceClaim
from model.encoding.times_json import time_to_json
from model.findings.finding import Outcome
from model.frozen import frozen
from model.snapshot import EndpointStatus
from model.target import Endpoint, key_order

_OUTCOMES: Final = {
    ClaimVerdict.CONTRADICTED: Outcome.FAIL,
    ClaimVerdict.UNPROVABLE: Outcome.UNKNOWN,
}
_PLACES: Final = {verdict: place for place, verdict in enumerate(ClaimVerdict)}


@frozen
class LedgerEntry:
    """One claim of one endpoint, or of a resource that no target has: that has no ``endpoint`` and no visit.

    ``since`` is when a visit first showed this; None if no finding has a history.
    """

    held: HeldClaim
    labels: Mapping[str, str]
    endpoint: Endpoint | None = None
    seen_at: datetime | None = None
    since: datetime | None = None

    @property
    def holder(self) -> str:
        """The key of the endpoint, or the resource."""
        return self.held.claim.resource if self.endpoint is None else self.endpoint.key

    @property
    def id(self) -> str:
        """What tells it from all others: the holder, and the key of the claim."""
        return f"{self.holder} {self.held.claim.key}"

    @property
    def text(self) -> str:
        """Its texts and labels in lower case, for a search."""
        claim = self.held.claim
        words = (claim.name, claim.statement, claim.source, claim.resource, self.held.observed)
        labels = (f"{name}={text}" for name, text in self.labels.items())
        return "\n".join((self.holder, *labels, *words)).lower()


@frozen
class LedgerFilter:
    """Which claims are wanted; None or empty restricts nothing. ``resource`` is a part of its name."""

    verdict: ClaimVerdict | None = None
    source: str | None = None
    kind: ClaimKind | None = None
    resource: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def has(self, entry: LedgerEntry) -> bool:
        """Whether the claim is wanted."""
        claim = entry.held.claim
        return (
            self.verdict in (None, entry.held.verdict)
            and self.source in (None, claim.source)
            and self.kind in (None, claim.kind)
            and (self.resource is None or self.resource.lower() in claim.resource.lower())
            and self.labels.items() <= entry.labels.items()
        )


def ledger(
    statuses: Iterable[EndpointStatus], resource_claims: Iterable[ResourceClaim] = ()
) -> list[LedgerEntry]:
    """All claims: contradicted ones first, then by endpoint or resource."""
    found = [entry for status in statuses for entry in entries_of(status)]
    found += [LedgerEntry(held=one.held, labels=one.labels) for one in resource_claims]
    return sorted(found, key=lambda one: (_PLACES[one.held.verdict], key_order(one.id)))


def entries_of(status: EndpointStatus) -> Iterator[LedgerEntry]:
    """The claims of one endpoint."""
    endpoint = status.observation.endpoint
    since = {
        (one.result.rule, one.result.outcome): one.first_seen_at
        for one in status.findings
        if one.result.policy == CLAIMS_POLICY
    }
    for held in status.claims:
        outcome = _OUTCOMES.get(held.verdict)
        yield LedgerEntry(
            held=held,
            labels=endpoint.target.labels,
            endpoint=endpoint,
            seen_at=status.last_probe_at,
            since=None if outcome is None else since.get((held.claim.name, outcome)),
        )


def entry_to_json(entry: LedgerEntry) -> dict[str, Any]:
    """One entry as JSON values; ``GET /evidence`` and ``tlsprobe explain`` show the bytes."""
    claim, endpoint = entry.held.claim, entry.endpoint
    return {
        "endpoint": None if endpoint is None else endpoint.key,
        "target": None if endpoint is None else endpoint.target.key,
        "address": None if endpoint is None else endpoint.address,
        "labels": dict(entry.labels),
        "name": claim.name,
        "kind": claim.kind.value,
        "statement": claim.statement,
        "source": claim.source,
        "resource": claim.resource,
        "verdict": entry.held.verdict.value,
        "observed": entry.held.observed,
        "rules": [one.rule for one in claim.rules],
        "read_at": time_to_json(claim.read_at),
        "seen_at": time_to_json(entry.seen_at),
        "since": time_to_json(entry.since),
    }
