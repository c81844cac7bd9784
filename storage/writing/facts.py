"""Writes visits with other facts than the previous visit: facts, stretches, Changes, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.change import Change
from model.query import Transition
from storage.rows.body import post_quantum_value
from storage.rows.tables import ChangeRow, EvidenceRow, ObservationRow, VisitRow
from storage.writing.certificates import write_certificates
from storage.writing.status_rows import StatusRecord
from storage.writing.step import Step


async def write_facts(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    """Write the facts of the steps' visits, and set the current stretch and observation in their records."""
    opening = [
        (step, step.advanced.transition) for step in steps if step.advanced.transition is not None
    ]
    if not opening:
        return
    new = await _write_observations(connection, [step for step, _ in opening])
    await _close_stretches(
        connection, [step.record for step, _ in opening if not step.record.is_new]
    )
    await _open_stretches(connection, opening)
    await _write_changes(connection, [step for step, _ in opening])
    await write_certificates(
        connection,
        {step.record.observation_id: step.visit.observation for step in new},
        without_der={step.record.observation_id for step in new if not step.with_certificates},
    )


async def _write_observations(connection: AsyncConnection, steps: Sequence[Step]) -> list[Step]:
    """Write new facts, and set the id of each step's facts in its record; returns the steps with new facts."""
    new = [(step, step.body) for step in steps if step.body is not None]
    for step in steps:
        if step.observation_id is not None:
            step.record.observation_id = step.observation_id
    if not new:
        return []
    ids = await connection.scalars(
        insert(ObservationRow).returning(ObservationRow.id, sort_by_parameter_order=True),
        [
            {
                "endpoint_id": step.endpoint_id,
                "facts_digest": step.visit.facts_digest,
                "state": step.visit.observation.state.value,
                "first_seen_at": step.visit.started_at,
                "facts": body.facts,
                "post_quantum": post_quantum_value(step.visit.observation),
            }
            for step, body in new
        ],
    )
    for (step, _), new_id in zip(new, ids, strict=True):
        step.record.observation_id = new_id
    proofs = [
        {"observation_id": step.record.observation_id, "proofs": body.proofs}
        for step, body in new
        if body.proofs is not None
    ]
    if proofs:
        await connection.execute(insert(EvidenceRow), proofs)
    return [step for step, _ in new]


async def _close_stretches(connection: AsyncConnection, records: Sequence[StatusRecord]) -> None:
    if records:
        await connection.execute(
            _CLOSE,
            [
                {"of_visit": one.visit_id, "ended_at": one.started_at, "counted": one.visits}
                for one in records
            ],
        )


_CLOSE: Final = (
    update(VisitRow)
    .where(VisitRow.id == bindparam("of_visit"))
    .values(last_at=bindparam("ended_at"), visits=bindparam("counted"))
)


async def _open_stretches(
    connection: AsyncConnection, opening: Sequence[tuple[Step, Transition]]
) -> None:
    ids = await connection.scalars(
        insert(VisitRow).returning(VisitRow.id, sort_by_parameter_order=True),
        [
            {
                "endpoint_id": step.endpoint_id,
                "observation_id": step.record.observation_id,
                "turn": transition.value,
                "first_at": step.visit.started_at,
            }
            for step, transition in opening
        ],
    )
    for (step, _), visit_id in zip(opening, ids, strict=True):
        step.record.visit_id = visit_id


async def _write_changes(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    rows = [
        _change_values(step.endpoint_id, change)
        for step in steps
        for change in step.advanced.changes
    ]
    if rows:
        await connection.execute(insert(ChangeRow), rows)


def _change_values(endpoint_id: int, change: Change) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint_id,
        "at": change.at,
        "fact": change.fact.replace("\0", "\ufffd"),
        "kind": change.kind.value,
        "before": change.before,
        "after": change.after,
        "sentence": change.sentence,
    }
