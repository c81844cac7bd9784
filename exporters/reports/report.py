"""What a report says, whatever its format: a Report is the data, and each format is a way to write it.

A Report is made once of a Snapshot, the policies, the waivers and the time (``report_of``). All
formats are pure functions of it, so that the same Report gives the same bytes today and in ten years.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from model.findings.finding import (
    Finding,
    FindingStatus,
    Outcome,
    Severity,
    Waiver,
    labelled_rule,
)
from model.findings.remediation import Remediation
from model.verdict import Verdict

DEFAULT_GROUPING: Final = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """One rule of a policy.

    ``requirement`` and ``violation`` say in a sentence what it asks for and what is wrong where it is
    not met; ``required`` is the value that meets it, ``source`` the document that says so.
    """

    rule: str
    rule_id: str | None = None
    severity: Severity
    requirement: str
    violation: str
    required: str
    source: str

    @property
    def rule_label(self) -> str:
        """The rule's name with its identifier."""
        return labelled_rule(self.rule, self.rule_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A policy as it was in force, in words.

    ``digest`` is the SHA-256, in hex, of all that it says; ``scope`` says which endpoints it holds for.
    """

    name: str
    title: str
    digest: str
    scope: str = "every endpoint"
    description: str = ""
    rules: tuple[PolicyRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFinding:
    """A Finding with its remedy, where the kind of server is known."""

    finding: Finding
    remedy: Remediation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedCertificate:
    """A leaf that an endpoint serves."""

    subject: str
    sha256: str
    not_after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedEndpoint:
    """One endpoint: what was probed, when, by which version, and what came of it.

    ``state`` and ``reason`` are the Observation's; ``unknown`` names the facts that were asked about
    and stayed unknown. ``protocols`` has the verdict on each protocol version by its label.
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

    @property
    def standing(self) -> Verdict | None:
        """How it stands by all policies that hold for it."""
        return standing_by(self.compliance)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStandings:
    """How many endpoints stood how at a moment, by the value of the label that groups them.

    ``teams`` counts by the words of ``Verdict``, for each value of the label; endpoints without it are
    under the empty text, those that no policy holds for are not counted.
    """

    at: datetime
    teams: Mapping[str, Mapping[Verdict, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report says.

    ``taken_at`` is the moment whose facts it holds, ``generated_at`` when it was made, both aware.
    ``selection`` are the labels that endpoints had to carry to be in it; ``grouped_by`` is the label
    that says who answers for an endpoint. ``history`` is how they stood before, the oldest first;
    ``waivers`` are all that were given, expired ones too.
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

    @property
    def reached(self) -> tuple[ReportedEndpoint, ...]:
        """The endpoints that answered as TLS."""
        return tuple(one for one in self.endpoints if one.is_reached)

    @property
    def not_reached(self) -> tuple[ReportedEndpoint, ...]:
        """The endpoints of which no TLS facts are known."""
        return tuple(one for one in self.endpoints if not one.is_reached)

    def findings(self) -> Iterator[tuple[ReportedEndpoint, ReportedFinding]]:
        """Every finding with its endpoint, worst first, then by endpoint and rule."""
        every = [(endpoint, found) for endpoint in self.endpoints for found in endpoint.findings]
        yield from sorted(every, key=lambda pair: _order(pair[1].finding))


def standing_by(compliance: Mapping[str, Verdict]) -> Verdict | None:
    """No where a policy is broken, else unknown where one is, else yes; None without a policy."""
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
    report: Report, severity: Severity, *, with_unknown: bool = True
) -> tuple[Finding, ...]:
    """The open findings of ``severity`` and worse; a waived one is not open.

    What could not be proved counts too, unless ``with_unknown`` is false.
    """
    return tuple(
        found.finding
        for _, found in report.findings()
        if found.finding.status is FindingStatus.OPEN
        and found.finding.result.severity.rank >= severity.rank
        and (with_unknown or found.finding.result.outcome is Outcome.FAIL)
    )
