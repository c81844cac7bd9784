"""The content of a report: a Report is the data, and each format is a way to write it.

``report_of`` builds a Report once from a Snapshot, the policies, the waivers and the time. All formats are
pure functions of it, so that the same Report gives the same bytes today and in ten years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from exporters.reports.cryptography import Cryptography
from exporters.reports.quantum import ReportedQuantum
from model.claims import ClaimVerdict
from model.findings.finding import (
    Finding,
    FindingStatus,
    Outcome,
    Severity,
    Waiver,
    labelled_rule,
)
from model.findings.guideline import Guideline
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.query import AuditEntry
from model.verdict import Verdict

DEFAULT_GROUPING: Final = "team"


@frozen
class PolicyRule:
    """One rule of a policy.

    ``requirement`` and ``violation`` say in a sentence what it asks for, and what is wrong if it is not met;
    ``required`` is the value that meets it, ``source`` the document behind it; ``why`` is what is at stake.
    """

    rule: str
    rule_id: str | None = None
    severity: Severity
    requirement: str
    violation: str
    required: str
    source: str
    why: str = ""

    @property
    def rule_label(self) -> str:
        """The rule's name with its identifier."""
        return labelled_rule(self.rule, self.rule_id)


@frozen
class PolicyText:
    """The text of a policy that was in force.

    ``digest`` is the SHA-256, in hex, of its whole content; ``scope`` says which endpoints it applies to.
    """

    name: str
    title: str
    digest: str
    scope: str = "every endpoint"
    description: str = ""
    rules: tuple[PolicyRule, ...] = ()


@frozen
class ReportedFinding:
    """A Finding with its remediation, if the kind of server is known."""

    finding: Finding
    remedy: Remediation | None = None


@frozen
class ServedCertificate:
    """A leaf that an endpoint serves."""

    subject: str
    sha256: str
    not_after: datetime | None


@frozen
class ReportedClaim:
    """One claim of an endpoint or a resource: what is claimed, where, and what the newest visit shows about it.

    ``is_reported`` is whether another scanner makes it; ``since`` is when a visit first showed this.
    """

    name: str
    statement: str
    source: str
    resource: str
    is_reported: bool
    verdict: ClaimVerdict
    observed: str
    since: datetime | None


@frozen
class ReportedEndpoint:
    """One endpoint: what was probed, when, by which version, and the results.

    ``state`` and ``reason`` are the Observation's; ``unknown`` names the facts that were asked about and
    stayed unknown. ``protocols`` has the verdict on each protocol version by its label. ``outcomes`` has the
    outcome of each rule that was judged, by policy and rule; ``facts_digest`` is the SHA-256, in hex, of the
    facts that they follow from. ``quantum`` is None if it did not answer. ``cryptography`` is set for
    formats that need it; it is not in the report's JSON.
    """

    key: str
    target: str
    address: str | None
    labels: Mapping[str, str]
    tool_version: str
    mode: str
    state: str
    reason: str | None
    is_reached: bool
    last_probe_at: datetime
    last_success_at: datetime | None
    protocols: Mapping[str, Verdict]
    unknown: tuple[str, ...]
    certificates: tuple[ServedCertificate, ...]
    compliance: Mapping[str, Verdict]
    findings: tuple[ReportedFinding, ...]
    claims: tuple[ReportedClaim, ...] = ()
    outcomes: Mapping[str, Mapping[str, Outcome]] = field(default_factory=dict)
    facts_digest: str = ""
    quantum: ReportedQuantum | None = None
    cryptography: Cryptography | None = field(default=None, compare=False)

    @property
    def standing(self) -> Verdict | None:
        """Its compliance with all policies that apply to it."""
        return standing_by(self.compliance)


@frozen
class PastStandings:
    """The compliance of endpoints at an earlier time, by the value of the label that groups them.

    ``teams`` has the number of endpoints by ``Verdict`` for each value of the label. Endpoints without the
    label are under the empty text; endpoints without a policy are not counted.
    """

    at: datetime
    teams: Mapping[str, Mapping[Verdict, int]]

    def count(self, standing: Verdict) -> int:
        """The number of endpoints with this compliance."""
        return sum(counts.get(standing, 0) for counts in self.teams.values())


@frozen
class Report:
    """The whole content of a report.

    ``taken_at`` is the time of the facts, ``generated_at`` that of the report; both are aware. ``selection``
    are the labels that an endpoint must have to be included. ``grouped_by`` is the label that names the owner
    of an endpoint. ``history`` has earlier compliance, oldest first. ``waivers`` are all waivers, including
    expired ones. ``audit_log`` has who changed what before the time of the facts, newest first.
    ``guidelines`` say how each service meets the policies.
    ``resource_claims`` are about resources that no target has.
    """

    generated_at: datetime
    taken_at: datetime
    tool_version: str
    selection: Mapping[str, str] = field(default_factory=dict)
    grouped_by: str = DEFAULT_GROUPING
    policies: tuple[PolicyText, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    endpoints: tuple[ReportedEndpoint, ...] = ()
    history: tuple[PastStandings, ...] = ()
    audit_log: tuple[AuditEntry, ...] = ()
    guidelines: tuple[Guideline, ...] = ()
    resource_claims: tuple[ReportedClaim, ...] = ()

    @property
    def reached(self) -> tuple[ReportedEndpoint, ...]:
        """The endpoints that answered."""
        return tuple(one for one in self.endpoints if one.is_reached)

    @property
    def not_reached(self) -> tuple[ReportedEndpoint, ...]:
        """The endpoints that did not answer."""
        return tuple(one for one in self.endpoints if not one.is_reached)

    def is_idle(self, waiver: Waiver) -> bool:
        """Whether the waiver waives no finding of this report."""
        waived = (found.finding.waiver for _, found in self.findings())
        return all(one is None or one.name != waiver.name for one in waived)

    def claims(self) -> Iterator[tuple[str, ReportedClaim]]:
        """Every claim with the key of its endpoint or its resource, contradicted ones first."""
        every = [(endpoint.key, one) for endpoint in self.endpoints for one in endpoint.claims]
        every += [(one.resource, one) for one in self.resource_claims]
        order = tuple(ClaimVerdict)
        yield from sorted(every, key=lambda pair: order.index(pair[1].verdict))

    def findings(self) -> Iterator[tuple[ReportedEndpoint, ReportedFinding]]:
        """Every finding with its endpoint, worst first, then by endpoint and rule."""
        every = [(endpoint, found) for endpoint in self.endpoints for found in endpoint.findings]
        yield from sorted(every, key=lambda pair: _order(pair[1].finding))


def standing_by(compliance: Mapping[str, Verdict]) -> Verdict | None:
    """No if a policy is violated, else unknown if one is unknown, else yes; None without a policy."""
    if not compliance:
        return None
    for verdict in (Verdict.NO, Verdict.UNKNOWN):
        if verdict in compliance.values():
            return verdict
    return Verdict.YES


def _order(finding: Finding) -> tuple[int, str, str, str]:
    result = finding.result
    return -result.severity.rank, result.policy, result.rule, finding.endpoint_key


def open_at_least(
    report: Report, severity: Severity, *, include_unknown: bool = True
) -> tuple[Finding, ...]:
    """The open findings of ``severity`` and worse; a waived finding is not open.

    Unknown results count too, unless ``include_unknown`` is false.
    """
    return tuple(
        found.finding
        for _, found in report.findings()
        if found.finding.status is FindingStatus.OPEN
        and found.finding.result.severity.rank >= severity.rank
        and (include_unknown or found.finding.result.outcome is Outcome.FAIL)
    )
