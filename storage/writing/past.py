"""What is known of endpoints whose newest visit learnt something else: their last stretches of visits,
and the facts of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from model.differences.known import is_wholly_known, known_facts
from model.encoding.known_parts import KnownParts
from model.endpoint_state.flapping import FLAPPING_WITHIN, Showing
from model.observation import Observation
from model.query import Transition
from storage.rows.body import decode_observation
from storage.rows.tables import ObservationRow, VisitRow

_MOST_STRETCHES: Final = 12
_MOST_FACTS: Final = 6
"""So many differing facts back is what was not learnt since still remembered."""

_TURNS: Final = (Transition.CHANGED.value, Transition.FLAPPING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStretch:
    """A stretch of visits, the newest one's end being that of the endpoint's last visit."""

    observation_id: int
    facts_digest: str
    turn: Transition
    first_at: datetime
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last stretches of one endpoint, the oldest first, and the facts of the newest of them."""

    stretches: tuple[PastStretch, ...] = ()
    facts: Mapping[int, bytes]

    def showings(self, last_visit_at: datetime) -> list[Showing]:
        """The stretches as flapping is seen by."""
        return [
            Showing(
                facts_digest=one.facts_digest,
                first_at=one.first_at,
                last_at=one.last_at or last_visit_at,
                is_turn=one.turn.value in _TURNS,
            )
            for one in self.stretches
        ]

    def has_flapped(self, at: datetime) -> bool:
        """Whether it flapped not long before ``at``, so that this has been told."""
        return any(
            one.turn is Transition.FLAPPING and at - one.first_at <= FLAPPING_WITHIN
            for one in self.stretches
        )

    def known(self) -> Observation:
        """The last known word on every fact; blocks for as long as decoding takes.

        Raises:
            ValueError: for a body that no Observation was written to.
        """
        newest_first: list[Observation] = []
        parts = KnownParts()
        for observation_id in _newest_first(self.stretches):
            if observation_id in self.facts:
                newest_first.append(decode_observation(self.facts[observation_id], parts))
                if is_wholly_known(newest_first[-1]):
                    break
        return known_facts(newest_first)


async def load_pasts(connection: AsyncConnection, endpoint_ids: Sequence[int]) -> dict[int, Past]:
    """The Past of each endpoint."""
    stretches = await _load_stretches(connection, endpoint_ids)
    wanted = {
        observation_id
        for past in stretches.values()
        for observation_id in _newest_first(past)[:_MOST_FACTS]
    }
    found = await connection.execute(
        select(ObservationRow.endpoint_id, ObservationRow.id, ObservationRow.facts).where(
            ObservationRow.id.in_(wanted)
        )
    )
    facts: dict[int, dict[int, bytes]] = {}
    for row in found:
        facts.setdefault(row.endpoint_id, {})[row.id] = row.facts
    return {
        endpoint_id: Past(stretches=tuple(past), facts=facts.get(endpoint_id, {}))
        for endpoint_id, past in stretches.items()
    }


async def find_known_facts(
    connection: AsyncConnection, digests: Mapping[int, str]
) -> dict[int, int]:
    """The id of the observation with these facts, of each endpoint that showed them before."""
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


async def _load_stretches(
    connection: AsyncConnection, endpoint_ids: Sequence[int]
) -> dict[int, list[PastStretch]]:
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
        .where(newest.c.place <= _MOST_STRETCHES)
        .order_by(VisitRow.id)
    )
    stretches: dict[int, list[PastStretch]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    for row in found:
        stretches[row.endpoint_id].append(
            PastStretch(
                observation_id=row.observation_id,
                facts_digest=row.facts_digest,
                turn=Transition(row.turn),
                first_at=row.first_at,
                last_at=row.last_at,
            )
        )
    return stretches


def _newest_first(stretches: Sequence[PastStretch]) -> list[int]:
    """The ids of their observations, each once."""
    return list(dict.fromkeys(one.observation_id for one in reversed(stretches)))
