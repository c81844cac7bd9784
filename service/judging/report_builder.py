"""Makes a Report of what the Store knows, judged by the policies at hand, with the proofs behind it.

Where policies are given, the facts are judged anew by them, so that a report can say what any policy
makes of any day; a finding that the Store knows keeps its life. Without them the Store's own findings
count. Proofs are not kept in memory: they are fetched for what is not met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from exporters.reports import Report, ReportRequest, report_of, standings_of
from exporters.reports.report import DEFAULT_GROUPING, PastStandings
from model.findings.finding import Finding, FindingStatus, RuleResult
from model.findings.finding_life import live_on
from model.findings.remediation import Remediation
from model.observation import Observation
from model.ports import ArchiveReader
from model.query import Selection
from model.snapshot import EndpointStatus, Snapshot
from model.version import TOOL_VERSION
from policy import PolicySet, assess
from policy.remediation import remedy
from service.judging.report_policies import policy_text

_WEEK: Final = timedelta(weeks=1)
_NO_BOOK: Final = PolicySet()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportScope:
    """What a report is to be about.

    ``book`` has the policies to judge by, and waivers; ``selection`` are labels that endpoints must
    carry; ``grouped_by`` is the label that says who answers for them; ``weeks`` is how far back their
    compliance is shown. ``is_judged`` is whether the Snapshot is judged by these policies already,
    ``is_past`` whether it is of another moment than now.
    """

    book: PolicySet = _NO_BOOK
    selection: Mapping[str, str] = field(default_factory=dict)
    grouped_by: str = DEFAULT_GROUPING
    weeks: int = 0
    is_judged: bool = False
    is_past: bool = False


async def make_report(
    archive: ArchiveReader, snapshot: Snapshot, wish: ReportScope, generated_at: datetime
) -> Report:
    """The Report of ``snapshot``, made at the aware moment ``generated_at``.

    Raises:
        StoreError: where the database cannot be read.
    """
    selection = Selection(labels=wish.selection)
    known = _by_endpoint(await archive.findings(selection, with_resolved=True))
    judged = [
        await _judged(archive, status, wish, known.get(status.observation.endpoint.key, ()))
        for status in _selected(snapshot, wish.selection)
    ]
    waivers = {one.name: one for one in (*await archive.waivers(), *wish.book.waivers)}
    request = ReportRequest(
        generated_at=generated_at,
        tool_version=TOOL_VERSION,
        selection=wish.selection,
        grouped_by=wish.grouped_by,
        policies=tuple(map(policy_text, wish.book.policies)),
        waivers=tuple(waivers.values()),
        history=await _history(archive, snapshot.taken_at, wish),
    )

    def remedy_of(observation: Observation, result: RuleResult) -> Remediation | None:
        return remedy(observation, result, wish.book.policies)

    return report_of(replace(snapshot, endpoints=tuple(judged)), request, remedy_of)


async def _judged(
    archive: ArchiveReader, status: EndpointStatus, wish: ReportScope, known: Sequence[Finding]
) -> EndpointStatus:
    """The status by the policies of ``wish`` where it has any, each finding with its proof."""
    observation = status.observation
    if wish.book.policies and not wish.is_judged:
        status = _judged_anew(status, wish, known)
    proofs = {finding.fingerprint: finding.result for finding in known}
    findings = [_with_proof(finding, proofs) for finding in status.findings]
    are_proved = all(finding.result.evidence is not None for finding in findings)
    if wish.book.policies and not wish.is_past and not are_proved:
        proved = await archive.latest(observation.endpoint.key)
        if proved is not None:
            results = assess(proved, wish.book.policies, status.last_probe_at).results
            proofs = {one.fingerprint(observation.endpoint.key): one for one in results}
            findings = [_with_proof(finding, proofs) for finding in findings]
    return replace(status, findings=tuple(findings))


def _judged_anew(
    status: EndpointStatus, wish: ReportScope, known: Sequence[Finding]
) -> EndpointStatus:
    """The status with the open findings of the policies of ``wish``, and its compliance with them."""
    assessment = assess(status.observation, wish.book.policies, status.last_probe_at)
    of_these = [one for one in known if one.result.policy in assessment.policies]
    return replace(
        status,
        findings=tuple(
            finding
            for finding in live_on(of_these, assessment)
            if finding.status is not FindingStatus.RESOLVED
        ),
        compliance={policy: assessment.compliance(policy) for policy in assessment.policies},
    )


def _with_proof(finding: Finding, proofs: Mapping[str, RuleResult]) -> Finding:
    """The finding with the proof that the Store has of the very same observation."""
    proof = proofs.get(finding.fingerprint)
    if finding.result.evidence is not None or proof is None:
        return finding
    if proof.observed != finding.result.observed:
        return finding
    return replace(finding, result=replace(finding.result, evidence=proof.evidence))


def _by_endpoint(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.endpoint_key, []).append(finding)
    return found


def _selected(snapshot: Snapshot, labels: Mapping[str, str]) -> Iterator[EndpointStatus]:
    for status in snapshot.endpoints:
        if labels.items() <= status.observation.endpoint.target.labels.items():
            yield status


async def _history(
    archive: ArchiveReader, until: datetime, wish: ReportScope
) -> tuple[PastStandings, ...]:
    """One for each week before ``until``, which comes last."""
    past = []
    for ago in reversed(range(wish.weeks)):
        snapshot = await archive.snapshot_at(until - ago * _WEEK, Selection(labels=wish.selection))
        if wish.book.policies:
            anew = tuple(_judged_anew(status, wish, ()) for status in snapshot.endpoints)
            snapshot = replace(snapshot, endpoints=anew)
        past.append(standings_of(snapshot, wish.grouped_by, wish.selection))
    return tuple(past)
