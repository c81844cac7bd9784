"""Builds a Report of the Store's facts, judged by the given policies, with evidence.

If policies are given, they judge the facts again, so a report can show any policy's judgement as of any day;
findings that the Store knows keep their history. Without policies the Store's own findings count. The evidence is
not in memory: it is read for requirements that are not met.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Final

from exporters.reports import (
    Report,
    ReportRequest,
    outcomes_of,
    report_of,
    standings_of,
)
from exporters.reports.cryptography import Cryptography, cryptography_of
from exporters.reports.report import DEFAULT_GROUPING, PastStandings
from model.findings.finding import Assessment, Finding, FindingStatus, RuleResult
from model.findings.finding_life import live_on
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.observation import Observation
from model.ports import ArchiveReader
from model.query import Selection
from model.snapshot import EndpointStatus, Snapshot
from model.version import TOOL_VERSION
from policy import PolicySet, assess
from policy.remediation import guidelines_of, remedy
from service.judging.held_claims import with_claims_held
from service.judging.report_policies import policy_text

_WEEK: Final = timedelta(weeks=1)
_NO_BOOK: Final = PolicySet()
_AUDITED: Final = timedelta(days=90)
_MOST_AUDITED: Final = 500
_READ_AT_ONCE: Final = 100


@frozen
class ReportScope:
    """The scope of a report.

    ``book`` has the policies to judge by, and waivers; ``selection`` has labels that endpoints must have;
    ``grouped_by`` is the label that names the owner; ``weeks`` is the number of weeks of compliance history.
    ``is_judged`` tells whether these policies have already judged the Snapshot, ``is_past`` whether it
    is of a past time. ``with_cryptography`` is for formats that need the hash of every proof.
    """

    book: PolicySet = _NO_BOOK
    selection: Mapping[str, str] = field(default_factory=dict)
    grouped_by: str = DEFAULT_GROUPING
    weeks: int = 0
    is_judged: bool = False
    is_past: bool = False
    with_cryptography: bool = False


async def make_report(
    archive: ArchiveReader, snapshot: Snapshot, wish: ReportScope, generated_at: datetime
) -> Report:
    """The Report of ``snapshot``, made at the aware time ``generated_at``.

    Raises:
        StoreError: if the database cannot be read.
    """
    selection = Selection(labels=wish.selection)
    known = _by_endpoint(await archive.findings(selection, with_resolved=True))
    judged, outcomes = [], {}
    for status in _selected(snapshot, wish.selection):
        # In a thread, because the service answers other requests meanwhile.
        assessment = await asyncio.to_thread(_assessed, status, wish)
        key = status.observation.endpoint.key
        judged.append(await _judged(archive, status, assessment, wish, known.get(key, ())))
        outcomes[key] = outcomes_of(assessment.results)
    targets = [status.observation.endpoint.target for status in judged]
    waivers = {one.name: one for one in (*await archive.waivers(), *wish.book.waivers)}
    request = ReportRequest(
        generated_at=generated_at,
        tool_version=TOOL_VERSION,
        selection=wish.selection,
        grouped_by=wish.grouped_by,
        policies=tuple(map(policy_text, wish.book.policies)),
        waivers=tuple(waivers.values()),
        history=await _history(archive, snapshot.taken_at, wish),
        audit_log=tuple(
            await archive.audit_log(
                since=snapshot.taken_at - _AUDITED, until=snapshot.taken_at, limit=_MOST_AUDITED
            )
        ),
        outcomes=outcomes,
        guidelines=guidelines_of(wish.book.policies, targets),
        quantum_history=await archive.quantum_history(selection, snapshot.taken_at),
        cryptography=await _cryptography(archive, snapshot, judged)
        if wish.with_cryptography
        else {},
    )

    def remedy_of(observation: Observation, result: RuleResult) -> Remediation | None:
        return remedy(observation, result, wish.book.policies)

    return report_of(replace(snapshot, endpoints=tuple(judged)), request, remedy_of)


def _assessed(status: EndpointStatus, wish: ReportScope) -> Assessment:
    return assess(status.observation, wish.book.policies, status.last_probe_at)


async def _judged(
    archive: ArchiveReader,
    status: EndpointStatus,
    assessment: Assessment,
    wish: ReportScope,
    known: Sequence[Finding],
) -> EndpointStatus:
    """The status judged by the policies of ``wish``, if it has any; each finding has its evidence."""
    observation = status.observation
    if wish.book.policies and not wish.is_judged:
        status = _judged_again(status, assessment, known)
    else:
        status = with_claims_held(status)
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


async def _cryptography(
    archive: ArchiveReader, snapshot: Snapshot, chosen: Sequence[EndpointStatus]
) -> dict[str, Cryptography]:
    """The cryptography of the endpoints by their keys; proofs are read for a few endpoints at a time."""
    found: dict[str, Cryptography] = {}
    for start in range(0, len(chosen), _READ_AT_ONCE):
        batch = {one.observation.endpoint.key: one for one in chosen[start : start + _READ_AT_ONCE]}
        proved = await archive.proved_at(snapshot.taken_at, batch)
        for key, status in batch.items():
            found[key] = cryptography_of(proved.get(key, status.observation))
    return found


def _judged_again(
    status: EndpointStatus, assessment: Assessment, known: Sequence[Finding]
) -> EndpointStatus:
    """The status with the open findings of the assessment, and its compliance with the policies."""
    of_these = [one for one in known if one.result.policy in assessment.policies]
    return replace(
        status,
        findings=tuple(
            finding
            for finding in live_on(of_these, assessment)
            if finding.status is not FindingStatus.RESOLVED
        ),
        compliance={policy: assessment.compliance(policy) for policy in assessment.policies},
        claims=assessment.claims,
    )


def _with_proof(finding: Finding, proofs: Mapping[str, RuleResult]) -> Finding:
    """The finding with the Store's evidence, if that is for the same observed value."""
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
    """The past compliance, one entry per week; the last entry is for ``until``."""
    past = []
    for ago in reversed(range(wish.weeks)):
        snapshot = await archive.snapshot_at(until - ago * _WEEK, Selection(labels=wish.selection))
        if wish.book.policies:
            judged = [_judged_again(one, _assessed(one, wish), ()) for one in snapshot.endpoints]
            snapshot = replace(snapshot, endpoints=tuple(judged))
        past.append(standings_of(snapshot, wish.grouped_by, wish.selection))
    return tuple(past)
