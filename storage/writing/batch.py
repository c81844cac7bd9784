"""Writes a batch of visits: which ones are new, and which only move their endpoint on.

A visit that learnt what the endpoint's newest row already says, and that policies judge as before,
writes that row of ``statuses`` and nothing else. History so costs what changes, not what time passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from model.endpoint_state import Visit
from storage.writing.assessments import Assessed, write_assessments
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped, note_dropped, without_proofs
from storage.writing.facts import Difference, write_differences
from storage.writing.places import add_endpoints, describe_anew
from storage.writing.standing import (
    KnownEndpoint,
    StatusRecord,
    add_standings,
    load_endpoints,
    update_standings,
)


async def write_visits(
    connection: AsyncConnection, visits: Sequence[Visit], bytes_per_day: int = BYTES_PER_DAY
) -> list[Dropped]:
    """Write ``visits``, those of one endpoint in their order; the caller commits.

    What an endpoint shows beyond ``bytes_per_day`` is not written, and returned.
    """
    dropped: list[Dropped] = []
    for part in _once_each(visits):
        dropped += await _write_part(connection, part, bytes_per_day)
    return dropped


def _once_each(visits: Iterable[Visit]) -> list[list[Visit]]:
    """Parts in which no endpoint comes twice; the first part has most."""
    parts: list[list[Visit]] = []
    counts: dict[str, int] = {}
    for visit in visits:
        number = counts.get(visit.key, 0)
        counts[visit.key] = number + 1
        if number == len(parts):
            parts.append([])
        parts[number].append(visit)
    return parts


async def _write_part(
    connection: AsyncConnection, visits: Sequence[Visit], bytes_per_day: int
) -> list[Dropped]:
    known = await load_endpoints(connection, [visit.key for visit in visits])
    await _describe_anew(connection, visits, known)
    added = await _add(connection, [visit for visit in visits if visit.key not in known])
    standings = {key: endpoint.standing for key, endpoint in known.items()} | added
    dropped = await write_differences(
        connection,
        [
            Difference(visit=visit, standing=standings[visit.key])
            for visit in visits
            if visit.facts_digest != standings[visit.key].facts_digest
        ],
        bytes_per_day,
    )
    news = {visit.key for visit in visits if _has_news(visit, standings[visit.key])}
    await _assess(connection, visits, standings, dropped)
    for visit in visits:
        standings[visit.key].move_on(visit)
    await add_standings(connection, list(added.values()))
    for has_news in (False, True):
        moved = [one.standing for key, one in known.items() if (key in news) is has_news]
        await update_standings(connection, moved, has_news=has_news)
    now = max(visit.observation.started_at for visit in visits)
    return await note_dropped(connection, dropped, now)


def _has_news(visit: Visit, standing: StatusRecord) -> bool:
    """Whether more than the circumstances of the visit is to be written; facts have been by now."""
    is_new_stretch = standing.visits == 0
    is_judged_anew = visit.assessment_digest not in (None, standing.assessment_digest)
    return is_new_stretch or is_judged_anew


async def _describe_anew(
    connection: AsyncConnection, visits: Sequence[Visit], known: Mapping[str, KnownEndpoint]
) -> None:
    targets = {
        known[visit.key].target_id: visit.observation.endpoint.target
        for visit in visits
        if visit.key in known
        and not known[visit.key].is_described_as(visit.observation.endpoint.target)
    }
    await describe_anew(connection, targets)


async def _add(connection: AsyncConnection, visits: Sequence[Visit]) -> dict[str, StatusRecord]:
    if not visits:
        return {}
    ids = await add_endpoints(connection, [visit.observation.endpoint for visit in visits])
    return {key: StatusRecord(endpoint_id=endpoint_id) for key, endpoint_id in ids.items()}


async def _assess(
    connection: AsyncConnection,
    visits: Sequence[Visit],
    standings: Mapping[str, StatusRecord],
    limited: Collection[str],
) -> None:
    assessed = []
    for visit in visits:
        standing, assessment = standings[visit.key], visit.assessment
        if assessment is None:
            continue
        if visit.assessment_digest != standing.assessment_digest:
            assessed.append(
                Assessed(
                    endpoint_id=standing.endpoint_id,
                    assessment=without_proofs(assessment) if visit.key in limited else assessment,
                    last_assessed_at=standing.assessed_at,
                )
            )
        standing.assessed_at = assessment.assessed_at
        standing.assessment_digest = visit.assessment_digest
    await write_assessments(connection, assessed)
