"""Builds a Report from a Snapshot: the endpoints, their findings with current waivers, and unknown facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime

from exporters.reports.cryptography import Cryptography
from exporters.reports.quantum import reported_quantum
from exporters.reports.report import (
    DEFAULT_GROUPING,
    PastStandings,
    PolicyText,
    Report,
    ReportedClaim,
    ReportedEndpoint,
    ReportedFinding,
    ServedCertificate,
    standing_by,
)
from model.claims import CLAIMS_POLICY
from model.claims.held import HeldClaim
from model.claims.ledger import entries_of
from model.encoding.facts_digest import facts_digest
from model.findings.finding import FindingStatus, Outcome, RuleResult, Waiver
from model.findings.finding_life import with_waiver
from model.findings.guideline import Guideline
from model.findings.remediation import Remediation
from model.findings.waiver_scope import with_target_keys
from model.frozen import frozen
from model.intrusiveness import words_for_not_asked
from model.judging.quantum import NEVER_PROVED, QuantumHistory
from model.observation import ClientAuthMode, Observation
from model.query import AuditEntry
from model.sections import ACCEPTED_SETS, named_facts
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import UnknownCause, Verdict

RemedyOf = Callable[[Observation, RuleResult], Remediation | None]
"""Returns the lines that fix a rule's result at an endpoint, if its kind of server is known."""

Outcomes = Mapping[str, Mapping[str, Outcome]]
"""The outcome of each rule that was judged, by policy and rule."""


@frozen
class ReportRequest:
    """The inputs of a report other than the Snapshot.

    ``generated_at`` is aware. ``selection`` are labels that an endpoint must have to be included.
    ``grouped_by`` is the label that names its owner. ``history`` has the results of ``standings_of`` for
    earlier Snapshots, oldest first. ``outcomes`` has the results of ``outcomes_of`` by endpoint.
    ``cryptography`` is that of endpoints by their keys, for formats that need it. ``quantum_history`` is what visits up
    to the time of the Snapshot proved of post-quantum key exchange, by endpoint.
    """

    generated_at: datetime
    tool_version: str
    selection: Mapping[str, str] = field(default_factory=dict)
    grouped_by: str = DEFAULT_GROUPING
    policies: tuple[PolicyText, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    history: tuple[PastStandings, ...] = ()
    audit_log: tuple[AuditEntry, ...] = ()
    outcomes: Mapping[str, Outcomes] = field(default_factory=dict)
    guidelines: tuple[Guideline, ...] = ()
    cryptography: Mapping[str, Cryptography] = field(default_factory=dict)
    quantum_history: Mapping[str, QuantumHistory] = field(default_factory=dict)


def report_of(
    snapshot: Snapshot, request: ReportRequest, remedy_of: RemedyOf = lambda _, __: None
) -> Report:
    """The Report of the endpoints of ``snapshot`` that ``request`` selects, in the Snapshot's order."""
    chosen = _chosen(snapshot, request.selection)
    targets = [status.observation.endpoint.target for status in snapshot.endpoints]
    request = replace(request, waivers=with_target_keys(request.waivers, targets))
    return Report(
        generated_at=request.generated_at,
        taken_at=snapshot.taken_at,
        tool_version=request.tool_version,
        selection=dict(sorted(request.selection.items())),
        grouped_by=request.grouped_by,
        policies=request.policies,
        waivers=request.waivers,
        endpoints=tuple(
            _endpoint(status, request, snapshot.taken_at, remedy_of) for status in chosen
        ),
        history=request.history,
        audit_log=request.audit_log,
        guidelines=request.guidelines,
        resource_claims=tuple(
            _claim(one.held)
            for one in snapshot.resource_claims
            if request.selection.items() <= one.labels.items()
        ),
    )


def outcomes_of(results: Iterable[RuleResult]) -> Outcomes:
    """The outcomes of ``results``; those of claims are in the claims themselves."""
    found: dict[str, dict[str, Outcome]] = {}
    for result in results:
        if result.policy != CLAIMS_POLICY:
            found.setdefault(result.policy, {})[result.rule] = result.outcome
    return found


def standings_of(
    snapshot: Snapshot, grouped_by: str, selection: Mapping[str, str]
) -> PastStandings:
    """The compliance of the selected endpoints of ``snapshot``, by the label ``grouped_by``."""
    teams: dict[str, Counter[Verdict]] = {}
    for status in _chosen(snapshot, selection):
        standing = standing_by(status.compliance)
        if standing is not None:
            team = status.observation.endpoint.target.labels.get(grouped_by, "")
            teams.setdefault(team, Counter())[standing] += 1
    return PastStandings(at=snapshot.taken_at, teams=teams)


def _chosen(snapshot: Snapshot, selection: Mapping[str, str]) -> list[EndpointStatus]:
    return [
        status
        for status in snapshot.endpoints
        if selection.items() <= status.observation.endpoint.target.labels.items()
    ]


def _endpoint(
    status: EndpointStatus, request: ReportRequest, taken_at: datetime, remedy_of: RemedyOf
) -> ReportedEndpoint:
    """The endpoint, with waivers applied to its findings as of the time of the report's facts."""
    observation = status.observation
    target = observation.endpoint.target
    findings = [
        with_waiver(finding, request.waivers, target, taken_at)
        for finding in status.findings
        if finding.status is not FindingStatus.RESOLVED
    ]
    return ReportedEndpoint(
        key=observation.endpoint.key,
        target=target.key,
        address=observation.endpoint.address,
        labels=dict(sorted(target.labels.items())),
        tool_version=observation.tool_version,
        mode=observation.mode.value,
        state=observation.state.value,
        reason=observation.reason,
        is_reached=observation.answered,
        last_probe_at=status.last_probe_at,
        last_success_at=status.last_success_at,
        protocols={
            version.label: fact.verdict for version, fact in sorted(observation.protocols.items())
        },
        unknown=tuple(_unknown(observation)),
        certificates=tuple(_certificates(observation)),
        compliance=dict(sorted(status.compliance.items())),
        findings=tuple(
            ReportedFinding(finding=finding, remedy=remedy_of(observation, finding.result))
            for finding in findings
        ),
        claims=tuple(_claim(one.held, one.since) for one in entries_of(status)),
        outcomes=request.outcomes.get(observation.endpoint.key, {}),
        facts_digest=facts_digest(observation),
        quantum=reported_quantum(
            status,
            request.quantum_history.get(observation.endpoint.key, NEVER_PROVED),
            taken_at,
        ),
        cryptography=request.cryptography.get(observation.endpoint.key),
    )


def _claim(held: HeldClaim, since: datetime | None = None) -> ReportedClaim:
    return ReportedClaim(
        name=held.claim.name,
        statement=held.claim.statement,
        source=held.claim.source,
        resource=held.claim.resource,
        is_reported=held.claim.is_weakness,
        verdict=held.verdict,
        observed=held.observed,
        since=since,
    )


def _certificates(observation: Observation) -> Iterator[ServedCertificate]:
    leaves = {one.leaf.sha256: one.leaf for one in observation.own_certificates}
    for sha256, leaf in leaves.items():
        yield ServedCertificate(
            subject=leaf.subject or ", ".join(leaf.dns_names) or "no subject",
            sha256=sha256,
            not_after=leaf.not_after,
        )


def _unknown(observation: Observation) -> Iterator[str]:
    """The names of the facts that a visit did not determine; those not asked about have the level they need."""
    yield from (f"not asked: {words}" for words in words_for_not_asked(observation.not_asked))
    for version, fact in sorted(observation.protocols.items()):
        if fact.verdict is Verdict.UNKNOWN:
            yield version.label
    for section in ACCEPTED_SETS:
        for version, found in sorted(section.of(observation).items()):
            if not found.complete:
                yield f"more {section.name.replace('_', ' ')} at {version.label}"
    for version, auth in sorted(observation.client_auth.items()):
        if auth.mode is ClientAuthMode.UNKNOWN:
            yield f"client authentication at {version.label}"
    for facts in named_facts(observation):
        for name, fact in sorted(facts.items()):
            if fact.verdict is Verdict.UNKNOWN and fact.cause is None:
                yield name
    withheld = sorted(_withheld(observation))
    if withheld:
        yield f"needs a client certificate: {', '.join(withheld)}"


def _withheld(observation: Observation) -> Iterator[str]:
    for facts in named_facts(observation):
        for name, fact in facts.items():
            if fact.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE:
                yield name
