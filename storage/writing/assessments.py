"""Writes the policies' judgements of endpoints: the life of their Findings, and their compliance.

Only Assessments that differ from the endpoint's last one come here. A Finding that is still seen has no time of
its own: its time is the endpoint's ``assessed_at``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.assessment_digest import result_digest
from model.findings.finding import Assessment, Finding, RuleResult
from model.frozen import frozen
from storage.rows.findings import FINDING_COLUMNS, finding_of, newest_openings, read_results
from storage.rows.proofs import encode_proofs
from storage.rows.tables import ComplianceRow, FindingRow, PolicyRow, ResultRow
from storage.writing.insert_new import insert_new
from storage.writing.step import Step


@frozen
class _Life:
    """A Finding in its current state, and the row of its newest opening, if it has one."""

    endpoint_id: int
    finding: Finding
    row: Row[*tuple[Any, ...]] | None
    assessed_at: datetime
    has_evidence: bool

    @property
    def last_seen_at(self) -> datetime | None:
        """The value of the column."""
        is_seen_now = (
            self.finding.last_seen_at == self.assessed_at and self.finding.resolved_at is None
        )
        return None if is_seen_now else self.finding.last_seen_at

    @property
    def is_opened(self) -> bool:
        """Whether it needs a new row."""
        return self.row is None or self.row.reopened < self.finding.reopened

    @property
    def evidence(self) -> bytes | None:
        """The value of the column."""
        proof = self.finding.result.evidence if self.has_evidence else None
        return None if proof is None else encode_proofs([proof])


async def load_findings(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    """Load the Findings of the steps' endpoints, including resolved ones, and their rows."""
    judged_before = [step.endpoint_id for step in steps if step.before.assessed_at is not None]
    rows: Sequence[Row[*tuple[Any, ...]]] = ()
    if judged_before:
        found = await connection.execute(
            select(*FINDING_COLUMNS).where(FindingRow.endpoint_id.in_(judged_before))
        )
        rows = found.all()
    results = await read_results(connection, rows)
    by_endpoint: dict[int, list[Row[*tuple[Any, ...]]]] = {}
    for (endpoint_id, _, _), row in newest_openings(rows, results).items():
        by_endpoint.setdefault(endpoint_id, []).append(row)
    for step in steps:
        known = by_endpoint.get(step.endpoint_id, ())
        step.finding_rows = {results[row.result_id].identity: row for row in known}
        findings = (
            finding_of(row, results[row.result_id], step.visit.key, step.before.assessed_at)
            for row in known
        )
        step.before = replace(step.before, findings=tuple(findings))


async def write_assessments(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    """Write the judgements of the steps' visits, and the life of their Findings; the caller commits."""
    assessed = [
        (step, step.visit.assessment) for step in steps if step.visit.assessment is not None
    ]
    if not assessed:
        return
    await _write_compliance(connection, assessed)
    lives = [
        _Life(
            endpoint_id=step.endpoint_id,
            finding=finding,
            row=step.finding_rows.get(finding.result.identity),
            assessed_at=assessment.assessed_at,
            has_evidence=not step.dropped_bytes,
        )
        for step, assessment in assessed
        for finding in step.advanced.state.findings or ()
    ]
    result_ids = await _write_results(connection, [life.finding.result for life in lives])
    await _write_findings(connection, lives, result_ids)


async def _write_results(
    connection: AsyncConnection, results: Sequence[RuleResult]
) -> dict[str, int]:
    """The id of each result by its digest."""
    by_digest = {result_digest(result): result for result in results}
    ids = await _result_ids(connection, list(by_digest))
    new = sorted(by_digest.keys() - ids.keys())
    if new:
        await insert_new(
            connection, ResultRow, [_result_values(digest, by_digest[digest]) for digest in new]
        )
        ids |= await _result_ids(connection, new)
    return ids


async def _result_ids(connection: AsyncConnection, digests: Sequence[str]) -> dict[str, int]:
    found = await connection.execute(
        select(ResultRow.digest, ResultRow.id).where(ResultRow.digest.in_(digests))
    )
    return {row.digest: row.id for row in found}


def _result_values(digest: str, result: RuleResult) -> dict[str, Any]:
    words = {
        "rule_id": result.rule_id,
        "requirement": result.requirement,
        "violation": result.violation,
        "observed": result.observed,
        "required": result.required,
        "source": result.source,
    }
    if result.cause is not None:
        words["cause"] = result.cause.value
    return {
        "digest": digest,
        "policy": result.policy,
        "rule": result.rule,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "words": words,
    }


async def _write_findings(
    connection: AsyncConnection, lives: Sequence[_Life], result_ids: Mapping[str, int]
) -> None:
    opened, moved = [], []
    for life in lives:
        result_id = result_ids[result_digest(life.finding.result)]
        if life.row is None or life.is_opened:
            opened.append(_opening_values(life, result_id))
        elif values := _moved_values(life, life.row, result_id):
            moved.append(values)
    if opened:
        await connection.execute(insert(FindingRow), opened)
    for with_evidence in (False, True):
        if rows := [row for row in moved if ("new_evidence" in row) is with_evidence]:
            await connection.execute(_UPDATES[with_evidence], rows)


_MOVED: Final[dict[str, Any]] = {
    "result_id": bindparam("new_result_id"),
    "last_seen_at": bindparam("new_last_seen_at"),
    "resolved_at": bindparam("new_resolved_at"),
}
_BY_ID: Final = update(FindingRow).where(FindingRow.id == bindparam("of_finding"))
_UPDATES: Final = {
    False: _BY_ID.values(_MOVED),
    True: _BY_ID.values({**_MOVED, "evidence": bindparam("new_evidence")}),
}


def _opening_values(life: _Life, result_id: int) -> dict[str, Any]:
    finding = life.finding
    return {
        "endpoint_id": life.endpoint_id,
        "result_id": result_id,
        "reopened": finding.reopened,
        "first_seen_at": finding.first_seen_at,
        "opened_at": life.assessed_at,
        "last_seen_at": life.last_seen_at,
        "evidence": life.evidence,
    }


def _moved_values(life: _Life, row: Row[*tuple[Any, ...]], result_id: int) -> dict[str, Any] | None:
    """The values that differ from ``row``; None if none do."""
    finding = life.finding
    values = {
        "of_finding": row.id,
        "new_result_id": result_id,
        "new_last_seen_at": life.last_seen_at,
        "new_resolved_at": finding.resolved_at,
    }
    if result_id != row.result_id:
        return values | {"new_evidence": life.evidence}
    is_same = (row.last_seen_at, row.resolved_at) == (life.last_seen_at, finding.resolved_at)
    return None if is_same else values


_Assessed: TypeAlias = tuple[Step, Assessment]


async def _write_compliance(connection: AsyncConnection, assessed: Sequence[_Assessed]) -> None:
    policy_ids = await _write_policies(connection, assessed)
    found = await connection.execute(
        select(ComplianceRow).where(
            ComplianceRow.endpoint_id.in_(
                [step.endpoint_id for step, _ in assessed if step.before.assessed_at is not None]
            ),
            ComplianceRow.until_at.is_(None),
        )
    )
    current: dict[int, set[tuple[int, str, int]]] = {}
    for row in found:
        current.setdefault(row.endpoint_id, set()).add((row.policy_id, row.verdict, row.id))
    begun, ended = [], []
    for step, assessment in assessed:
        at = assessment.assessed_at
        now = {
            (policy_ids[policy], assessment.compliance(policy[0]).value)
            for policy in assessment.policies.items()
        }
        before = current.get(step.endpoint_id, set())
        begun += [
            {
                "endpoint_id": step.endpoint_id,
                "policy_id": policy,
                "verdict": verdict,
                "from_at": at,
            }
            for policy, verdict in sorted(
                now - {(policy, verdict) for policy, verdict, _ in before}
            )
        ]
        ended += [
            {"of_row": row_id, "ended_at": at}
            for policy, verdict, row_id in sorted(before)
            if (policy, verdict) not in now
        ]
    if ended:
        await connection.execute(_END, ended)
    if begun:
        await connection.execute(insert(ComplianceRow), begun)


_END: Final = (
    update(ComplianceRow)
    .where(ComplianceRow.id == bindparam("of_row"))
    .values(until_at=bindparam("ended_at"))
)


async def _write_policies(
    connection: AsyncConnection, assessed: Sequence[_Assessed]
) -> dict[tuple[str, str], int]:
    """The id of each policy by its name and digest."""
    wanted = sorted(
        {policy for _, assessment in assessed for policy in assessment.policies.items()}
    )
    query = select(PolicyRow.name, PolicyRow.digest, PolicyRow.id).where(
        PolicyRow.name.in_({name for name, _ in wanted})
    )
    ids = {(row.name, row.digest): row.id for row in await connection.execute(query)}
    new = [{"name": name, "digest": digest} for name, digest in wanted if (name, digest) not in ids]
    if new:
        await insert_new(connection, PolicyRow, new)
        ids = {(row.name, row.digest): row.id for row in await connection.execute(query)}
    return ids
