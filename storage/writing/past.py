"""Loads the past of endpoints whose newest visit has other facts: their last stretches of visits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from model.differences.known import is_wholly_known
from model.encoding.known_parts import KnownParts
from model.endpoint_state import MOST_FACTS, MOST_STRETCHES, Stretch
from model.frozen import frozen
from model.observation import Observation
from model.query import Transition
from storage.rows.body import decode_observation
from storage.rows.tables import ObservationRow, VisitRow


@frozen
class _StretchRow:
    observation_id: int
    facts_digest: str
    transition: Transition
    first_at: datetime
    last_at: datetime | None


async def load_stretches(
    connection: AsyncConnection, endpoint_ids: Sequence[int]
) -> dict[int, tuple[Stretch, ...]]:
    """The newest stretches of each endpoint, oldest first, with the facts that determine what is known of it.

    Raises:
        ValueError: if a stored body is invalid.
    """
    if not endpoint_ids:
        return {}
    rows = await _load_rows(connection, endpoint_ids)
    wanted = {one for past in rows.values() for one in _newest_first(past)[:MOST_FACTS]}
    found = await connection.execute(
        select(ObservationRow.id, ObservationRow.facts).where(ObservationRow.id.in_(wanted))
    )
    bodies: dict[int, bytes] = {row.id: row.facts for row in found}
    return await asyncio.to_thread(
        lambda: {endpoint_id: _stretches(past, bodies) for endpoint_id, past in rows.items()}
    )


def _stretches(rows: Sequence[_StretchRow], bodies: Mapping[int, bytes]) -> tuple[Stretch, ...]:
    facts = _decoded(_newest_first(rows), bodies)
    return tuple(
        Stretch(
            facts_digest=row.facts_digest,
            transition=row.transition,
            first_at=row.first_at,
            last_at=row.last_at,
            facts=facts.get(row.observation_id),
        )
        for row in rows
    )


def _decoded(newest_first: Sequence[int], bodies: Mapping[int, bytes]) -> dict[int, Observation]:
    """The facts by their ids, until nothing is unknown: older facts would not be used."""
    parts = KnownParts()
    facts: dict[int, Observation] = {}
    for observation_id in newest_first:
        if observation_id in bodies:
            facts[observation_id] = decode_observation(bodies[observation_id], parts)
            if is_wholly_known(facts[observation_id]):
                break
    return facts


async def find_known_facts(
    connection: AsyncConnection, digests: Mapping[int, str]
) -> dict[int, int]:
    """The id of the observation with these facts, for each endpoint that showed them before."""
    if not digests:
        return {}
    found = await connection.execute(
        select(ObservationRow.endpoint_id, func.min(ObservationRow.id))
        .where(
            ObservationRow.endpoint_id.in_(list(digests)),
            tuple_(ObservationRow.endpoint_id, ObservationRow.facts_digest).in_(
                list(digests.items())
            ),
        )
        .group_by(ObservationRow.endpoint_id)
    )
    return {row[0]: row[1] for row in found}


async def _load_rows(
    connection: AsyncConnection, endpoint_ids: Sequence[int]
) -> dict[int, list[_StretchRow]]:
    place = func.row_number().over(partition_by=VisitRow.endpoint_id, order_by=VisitRow.id.desc())
    newest = (
        select(VisitRow.id, place.label("place"))
        .where(VisitRow.endpoint_id.in_(endpoint_ids))
        .subquery()
    )
    found = await connection.execute(
        select(
            VisitRow.endpoint_id,
            VisitRow.observation_id,
            ObservationRow.facts_digest,
            VisitRow.turn,
            VisitRow.first_at,
            VisitRow.last_at,
        )
        .join(newest, newest.c.id == VisitRow.id)
        .join(ObservationRow, ObservationRow.id == VisitRow.observation_id)
        .where(newest.c.place <= MOST_STRETCHES)
        .order_by(VisitRow.id)
    )
    stretches: dict[int, list[_StretchRow]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    for row in found:
        stretches[row.endpoint_id].append(
            _StretchRow(
                observation_id=row.observation_id,
                facts_digest=row.facts_digest,
                transition=Transition(row.turn),
                first_at=row.first_at,
                last_at=row.last_at,
            )
        )
    return stretches


def _newest_first(stretches: Sequence[_StretchRow]) -> list[int]:
    """The ids of the stretches' observations, each once."""
    return list(dict.fromkeys(one.observation_id for one in reversed(stretches)))
