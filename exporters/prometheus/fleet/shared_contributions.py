"""Contributions to the fleet's metrics, made once for all targets with the same facts.

A family that declares what it reads gets statuses that have nothing else. So equal keys, which contain all that such
a status has, give equal contributions. What the service holds of equal facts are the same objects, so their
identities are the key.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from exporters.prometheus.families.family import Sample
from exporters.prometheus.fleet.family import FleetFamily, Reads, Statuses
from model.findings.finding import Finding
from model.observation import Cost, Observation
from model.sections import SECTIONS
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target

Contributions: TypeAlias = tuple[Sample, ...]
"""Of one target to one family."""

_MOST_KNOWN: Final = 2_000
"""So many different facts are remembered, with their contributions: some 10 MB."""

_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CERTIFICATES: Final = "certificates"


class SharedContributions:
    """The contributions to ``families``."""

    def __init__(self, families: Sequence[FleetFamily]) -> None:
        self._count = len(families)
        self._by_reads = {
            reads: [(n, one) for n, one in enumerate(families) if one.reads is reads]
            for reads in Reads
        }
        # An entry keeps its statuses alive, so no other object can get the identity of a part of them.
        self._known: dict[Hashable, tuple[Statuses, tuple[Contributions, ...]]] = {}

    def of(self, statuses: Statuses) -> tuple[Contributions, ...]:
        """What the target with these statuses contributes to each family."""
        found: list[Contributions] = [()] * self._count
        for reads, families in self._by_reads.items():
            for (number, _), made in zip(families, self._made(reads, statuses), strict=True):
                found[number] = made
        return tuple(found)

    def _made(self, reads: Reads, statuses: Statuses) -> tuple[Contributions, ...]:
        families = [family for _, family in self._by_reads[reads]]
        if reads is Reads.STATUS:
            return _computed(families, statuses)
        key = (reads, *(_key(reads, status) for status in statuses))
        known = self._known.get(key)
        if known is None:
            reduced = tuple(_reduced(reads, status) for status in statuses)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = known = reduced, _computed(families, reduced)
        return known[1]


def _computed(families: Iterable[FleetFamily], statuses: Statuses) -> tuple[Contributions, ...]:
    return tuple(tuple(family.contributions(statuses)) for family in families)


def _key(reads: Reads, status: EndpointStatus) -> Hashable:
    """All that ``_reduced`` leaves of the status."""
    observation = status.observation
    sections = tuple(
        id(section.of(observation))
        for section in SECTIONS
        if reads is Reads.FACTS or section.name != _CERTIFICATES
    )
    visit = (observation.mode, observation.state, observation.cost.throttled)
    protocol = observation.endpoint.target.protocol
    if reads is Reads.CONFIGURATION:
        return sections, visit, protocol
    results = tuple((id(one.result), one.status) for one in status.findings)
    return sections, visit, protocol, results, tuple(status.compliance.items())


def _reduced(reads: Reads, status: EndpointStatus) -> EndpointStatus:
    has_all = reads is Reads.FACTS
    return EndpointStatus(
        observation=_reduced_observation(reads, status.observation),
        last_probe_at=_NO_TIME,
        last_success_at=None,
        consecutive_failures=0,
        interval_seconds=0.0,
        findings=tuple(map(_reduced_finding, status.findings)) if has_all else (),
        compliance=status.compliance if has_all else {},
    )


def _reduced_observation(reads: Reads, observation: Observation) -> Observation:
    protocol = observation.endpoint.target.protocol
    target = Target(host="", port=0, server_name=None, protocol=protocol)
    return replace(
        observation,
        tool_version="",
        endpoint=Endpoint(target=target, address=None),
        started_at=_NO_TIME,
        cost=Cost(throttled=observation.cost.throttled),
        reason=None,
        certificates=observation.certificates if reads is Reads.FACTS else (),
    )


def _reduced_finding(finding: Finding) -> Finding:
    return Finding(
        endpoint_key="",
        result=finding.result,
        status=finding.status,
        first_seen_at=_NO_TIME,
        last_seen_at=_NO_TIME,
    )
