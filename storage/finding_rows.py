"""Rows of ``findings`` and ``results`` as the model's Findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row

from model.fact_json import evidence_from_json
from model.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from storage.body import decode_evidence
from storage.tables import FindingRow, ResultRow

FINDING_COLUMNS: Final = (
    FindingRow.id,
    FindingRow.endpoint_id,
    FindingRow.result_id,
    FindingRow.reopened,
    FindingRow.first_seen_at,
    FindingRow.opened_at,
    FindingRow.last_seen_at,
    FindingRow.resolved_at,
    ResultRow.policy,
    ResultRow.rule,
    ResultRow.severity,
    ResultRow.outcome,
    ResultRow.words,
)
"""What ``finding_of`` reads, of ``findings`` joined with ``results``; and evidence where wanted."""


def finding_of(
    row: Row[*tuple[Any, ...]], endpoint_key: str, assessed_at: Any, evidence: bytes | None = None
) -> Finding:
    """The Finding of a row; ``assessed_at`` is the endpoint's newest Assessment's time.

    Raises:
        ValueError: for evidence that cannot be read.
    """
    result = RuleResult(
        policy=row.policy,
        rule=row.rule,
        severity=Severity(row.severity),
        outcome=Outcome(row.outcome),
        title=row.words["title"],
        observed=row.words["observed"],
        required=row.words["required"],
        source=row.words["source"],
        evidence=evidence_from_json(decode_evidence(evidence)),
    )
    return Finding(
        fingerprint=result.fingerprint(endpoint_key),
        endpoint_key=endpoint_key,
        result=result,
        status=FindingStatus.OPEN if row.resolved_at is None else FindingStatus.RESOLVED,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at or assessed_at,
        resolved_at=row.resolved_at,
        reopened=row.reopened,
    )


def newest_openings(
    rows: Iterable[Row[*tuple[Any, ...]]],
) -> dict[tuple[int, str, str], Row[*tuple[Any, ...]]]:
    """Of each Finding the row of its newest opening, by endpoint's id, policy and rule."""
    newest: dict[tuple[int, str, str], Row[*tuple[Any, ...]]] = {}
    for row in rows:
        identity = (row.endpoint_id, row.policy, row.rule)
        if identity not in newest or newest[identity].reopened < row.reopened:
            newest[identity] = row
    return newest
