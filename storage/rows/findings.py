"""Converts rows of ``findings`` and ``results`` to the model's Findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from model.verdict import UnknownCause
from storage.rows.proofs import decode_proofs
from storage.rows.tables import FindingRow, ResultRow


class FindingColumns(NamedTuple):
    """The columns of ``FINDING_COLUMNS``: quicker to read than SQLAlchemy's rows."""

    id: int
    endpoint_id: int
    result_id: int
    reopened: int
    first_seen_at: datetime
    last_seen_at: datetime | None
    resolved_at: datetime | None


FINDING_COLUMNS: Final = (
    FindingRow.id,
    FindingRow.endpoint_id,
    FindingRow.result_id,
    FindingRow.reopened,
    FindingRow.first_seen_at,
    FindingRow.last_seen_at,
    FindingRow.resolved_at,
)
"""The columns of ``findings`` that ``finding_of`` reads, and evidence if wanted."""

_IDS_AT_ONCE: Final = 1000


async def read_results(
    connection: AsyncConnection, rows: Iterable[FindingColumns | Row[*tuple[Any, ...]]]
) -> dict[int, RuleResult]:
    """The results of the rows, by their ids: few, however many rows there are."""
    ids = sorted({row.result_id for row in rows})
    results: dict[int, RuleResult] = {}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        found = await connection.execute(
            select(ResultRow.__table__).where(ResultRow.id.in_(ids[start : start + _IDS_AT_ONCE]))
        )
        results |= {row.id: _result(row) for row in found}
    return results


def _result(row: Row[*tuple[Any, ...]]) -> RuleResult:
    """The result; one that was stored before 1.0 has a ``title``, which is the requirement."""
    words = row.words
    observed = words["observed"]
    requirement = words["requirement"] if "requirement" in words else words["title"]
    return RuleResult(
        policy=row.policy,
        rule=row.rule,
        rule_id=words.get("rule_id"),
        severity=Severity(row.severity),
        outcome=Outcome(row.outcome),
        requirement=requirement,
        violation=words.get("violation", f"Not met: {requirement} ({observed})"),
        observed=observed,
        required=words["required"],
        source=words["source"],
        cause=None if words.get("cause") is None else UnknownCause(words["cause"]),
    )


def finding_of(
    row: FindingColumns | Row[*tuple[Any, ...]],
    result: RuleResult,
    endpoint_key: str,
    assessed_at: Any,
    evidence: bytes | None = None,
) -> Finding:
    """The Finding of a row; ``assessed_at`` is the endpoint's newest Assessment's time.

    Raises:
        ValueError: if the evidence is invalid.
    """
    if evidence is not None:
        (proof,) = decode_proofs(evidence)
        result = replace(result, evidence=proof)
    return Finding(
        endpoint_key=endpoint_key,
        result=result,
        status=FindingStatus.OPEN if row.resolved_at is None else FindingStatus.RESOLVED,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at or max(assessed_at, row.first_seen_at),
        resolved_at=row.resolved_at,
        reopened=row.reopened,
    )


def seen_again(finding: Finding, assessed_at: datetime | None) -> Finding:
    """The open Finding after another Assessment with the same results."""
    seen_at = finding.last_seen_at if assessed_at is None else assessed_at
    return replace(finding, last_seen_at=max(seen_at, finding.first_seen_at))


def newest_openings(
    rows: Iterable[Row[*tuple[Any, ...]]], results: Mapping[int, RuleResult]
) -> dict[tuple[int, str, str], Row[*tuple[Any, ...]]]:
    """The row of the newest opening of each Finding, by endpoint id, policy and rule."""
    newest: dict[tuple[int, str, str], Row[*tuple[Any, ...]]] = {}
    for row in rows:
        identity = (row.endpoint_id, *results[row.result_id].identity)
        if identity not in newest or newest[identity].reopened < row.reopened:
            newest[identity] = row
    return newest
