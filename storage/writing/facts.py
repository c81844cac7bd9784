"""Writes visits that learnt other facts than the one before: facts, stretches, Changes, certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.change import Change, ChangeKind
from model.differences import differences
from model.endpoint_state import Visit
from model.endpoint_state.flapping import is_flapping
from model.query import Transition
from storage.rows.body import Body, encode_body
from storage.rows.tables import ChangeRow, EvidenceRow, ObservationRow, VisitRow
from storage.writing.certificates import write_certificates
from storage.writing.daily_limit import fit, stored_of_late
from storage.writing.past import Past, find_known_facts, load_pasts
from storage.writing.standing import StatusRecord

_FLAPPING: Final = "flapping"
_LEAF: Final = ".leaf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A visit whose facts are not those of ``standing``, which is its endpoint's."""

    visit: Visit
    standing: StatusRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a visit turned out to be; ``body`` is None where its facts are kept already."""

    turn: Transition
    changes: tuple[Change, ...]
    body: Body | None
    with_certificates: bool = True


async def write_differences(
    connection: AsyncConnection, different: Sequence[Difference], bytes_per_day: int
) -> dict[str, int]:
    """Write the visits, each of another endpoint, and set what of their standings they change.

    Of an endpoint that stored ``bytes_per_day`` already, less is written or nothing; how many bytes were not,
    by the endpoint's key.
    """
    if not different:
        return {}
    old = [one for one in different if not one.standing.is_new]
    pasts = await load_pasts(connection, [one.standing.endpoint_id for one in old]) if old else {}
    kept = await find_known_facts(
        connection, {one.standing.endpoint_id: one.visit.facts_digest for one in old}
    )
    found = await asyncio.to_thread(
        lambda: [_look_at(one, pasts.get(one.standing.endpoint_id), kept) for one in different]
    )
    different, found, dropped = await _fitted(connection, different, found, bytes_per_day)
    if different:
        await _write_found(connection, different, found, kept)
    return dropped


async def _fitted(
    connection: AsyncConnection,
    different: Sequence[Difference],
    found: Sequence[_Found],
    bytes_per_day: int,
) -> tuple[list[Difference], list[_Found], dict[str, int]]:
    """What of the visits is to be written, and how many bytes of each endpoint are not."""
    looked_up = [
        one.standing.endpoint_id
        for one, what in zip(different, found, strict=True)
        if what.body is not None and not one.standing.is_new
    ]
    now = max(one.visit.observation.started_at for one in different)
    stored = await stored_of_late(connection, looked_up, now) if looked_up else {}
    written: list[tuple[Difference, _Found]] = []
    dropped: dict[str, int] = {}
    for one, what in zip(different, found, strict=True):
        if what.body is None:
            written.append((one, what))
            continue
        room = bytes_per_day - stored.get(one.standing.endpoint_id, 0)
        seen, is_new = one.visit.observation, one.standing.is_new
        fitted = fit(seen, what.body, what.changes, room, is_new=is_new)
        if fitted.dropped:
            dropped[one.visit.key] = fitted.dropped
        if fitted.body is not None:
            certificates = fitted.with_certificates
            written.append((one, replace(what, body=fitted.body, with_certificates=certificates)))
    return [one for one, _ in written], [what for _, what in written], dropped


async def _write_found(
    connection: AsyncConnection,
    different: Sequence[Difference],
    found: Sequence[_Found],
    kept: Mapping[int, int],
) -> None:
    old = [one.standing for one in different if not one.standing.is_new]
    ids = await _write_observations(connection, different, found, kept)
    await _close_stretches(connection, old)
    await _open_stretches(connection, different, found, ids)
    await _write_changes(connection, different, found)
    new = [
        (observation_id, one.visit.observation, what)
        for one, what, observation_id in zip(different, found, ids, strict=True)
        if what.body is not None
    ]
    await write_certificates(
        connection,
        {observation_id: observation for observation_id, observation, _ in new},
        without_der={
            observation_id for observation_id, _, what in new if not what.with_certificates
        },
    )


def _look_at(different: Difference, past: Past | None, kept: Mapping[int, int]) -> _Found:
    visit, standing = different.visit, different.standing
    body = None if standing.endpoint_id in kept else encode_body(visit.observation)
    if past is None or not past.facts:
        return _Found(turn=Transition.FIRST, changes=(), body=body)
    changes = differences(past.known(), visit.observation)
    if not changes:
        return _Found(turn=Transition.SAME, changes=(), body=body)
    at, last_visit_at = visit.observation.started_at, standing.started_at
    shown = past.showings(at if last_visit_at is None else last_visit_at)
    if not is_flapping(shown, visit.facts_digest, at):
        return _Found(turn=Transition.CHANGED, changes=changes, body=body)
    told = () if past.has_flapped(at) else (_flapping_change(visit, changes),)
    return _Found(turn=Transition.FLAPPING, changes=told, body=body)


def _flapping_change(visit: Visit, changes: Sequence[Change]) -> Change:
    """The one Change that stands for all those to come, with what goes to and fro."""
    sentence = "; ".join(change.sentence for change in changes[:3])
    return Change(
        endpoint_key=visit.key,
        at=visit.observation.started_at,
        fact=_FLAPPING,
        kind=ChangeKind.APPEARED,
        before=None,
        after=str(len(changes)),
        sentence=f"flapping: answers go to and fro ({sentence})",
    )


async def _write_observations(
    connection: AsyncConnection,
    different: Sequence[Difference],
    found: Sequence[_Found],
    kept: Mapping[int, int],
) -> list[int]:
    """The id of each visit's observation, new or kept."""
    new_bodies = [
        (one, what.body)
        for one, what in zip(different, found, strict=True)
        if what.body is not None
    ]
    rows: list[dict[str, Any]] = [
        {
            "endpoint_id": one.standing.endpoint_id,
            "facts_digest": one.visit.facts_digest,
            "state": one.visit.observation.state.value,
            "first_seen_at": one.visit.observation.started_at,
            "facts": body.facts,
        }
        for one, body in new_bodies
    ]
    ids = dict(kept)
    if rows:
        new = list(
            await connection.scalars(
                insert(ObservationRow).returning(ObservationRow.id, sort_by_parameter_order=True),
                rows,
            )
        )
        proofs = [
            {"observation_id": new_id, "proofs": body.proofs}
            for new_id, (_, body) in zip(new, new_bodies, strict=True)
            if body.proofs is not None
        ]
        if proofs:
            await connection.execute(insert(EvidenceRow), proofs)
        ids |= {row["endpoint_id"]: new_id for row, new_id in zip(rows, new, strict=True)}
    return [ids[one.standing.endpoint_id] for one in different]


async def _close_stretches(connection: AsyncConnection, standings: Sequence[StatusRecord]) -> None:
    if standings:
        await connection.execute(
            _CLOSE,
            [
                {"of_visit": one.visit_id, "ended_at": one.started_at, "counted": one.visits}
                for one in standings
            ],
        )


_CLOSE: Final = (
    update(VisitRow)
    .where(VisitRow.id == bindparam("of_visit"))
    .values(last_at=bindparam("ended_at"), visits=bindparam("counted"))
)


async def _open_stretches(
    connection: AsyncConnection,
    different: Sequence[Difference],
    found: Sequence[_Found],
    ids: Sequence[int],
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "endpoint_id": one.standing.endpoint_id,
            "observation_id": observation_id,
            "turn": what.turn.value,
            "first_at": one.visit.observation.started_at,
        }
        for one, what, observation_id in zip(different, found, ids, strict=True)
    ]
    visit_ids = await connection.scalars(
        insert(VisitRow).returning(VisitRow.id, sort_by_parameter_order=True), rows
    )
    for one, row, visit_id in zip(different, rows, visit_ids, strict=True):
        standing = one.standing
        standing.visit_id, standing.visits = visit_id, 0
        standing.observation_id = row["observation_id"]
        standing.facts_digest = one.visit.facts_digest


async def _write_changes(
    connection: AsyncConnection, different: Sequence[Difference], found: Sequence[_Found]
) -> None:
    rows: list[dict[str, Any]] = []
    for one, what in zip(different, found, strict=True):
        for change in what.changes:
            rows.append(_change_values(one.standing.endpoint_id, change))
            if change.fact not in ("state", _FLAPPING):
                one.standing.config_changed_at = change.at
            if change.fact.endswith(_LEAF):
                one.standing.certificate_changed_at = change.at
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
