"""Writes a batch of visits: which ones are new, and which only move their endpoint on.

A visit that learnt what the endpoint's newest row already says, and that policies judge as before,
writes that row of ``statuses`` and nothing else. History so costs what changes, not what time passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.writing.assessments import Assessed, write_assessments
from storage.writing.facts import Difference, write_differences
from storage.writing.places import add_endpoints, describe_anew
from storage.writing.standing import (
    KnownEndpoint,
    Standing,
    load_endpoints,
    write_standings,
)
from storage.writing.visit import Visit


async def write_visits(connection: AsyncConnection, visits: Sequence[Visit]) -> None:
    """Write ``visits``, those of one endpoint in their order; the caller commits."""
    for part in _once_each(visits):
        await _write_part(connection, part)


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


async def _write_part(connection: AsyncConnection, visits: Sequence[Visit]) -> None:
    known = await load_endpoints(connection, [visit.key for visit in visits])
    await _describe_anew(connection, visits, known)
    added = await _add(connection, [visit for visit in visits if visit.key not in known])
    standings = {key: endpoint.standing for key, endpoint in known.items()} | added
    await write_differences(
        connection,
        [
            Difference(visit=visit, standing=standings[visit.key])
            for visit in visits
            if visit.facts_digest != standings[visit.key].facts_digest
        ],
    )
    await _assess(connection, visits, standings)
    for visit in visits:
        standings[visit.key].move_on(visit)
    await write_standings(
        connection,
        added=list(added.values()),
        moved=[endpoint.standing for endpoint in known.values()],
    )


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


async def _add(connection: AsyncConnection, visits: Sequence[Visit]) -> dict[str, Standing]:
    if not visits:
        return {}
    ids = await add_endpoints(connection, [visit.observation.endpoint for visit in visits])
    return {key: Standing(endpoint_id=endpoint_id) for key, endpoint_id in ids.items()}


async def _assess(
    connection: AsyncConnection, visits: Sequence[Visit], standings: Mapping[str, Standing]
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
                    assessment=assessment,
                    last_assessed_at=standing.assessed_at,
                )
            )
        standing.assessed_at = assessment.assessed_at
        standing.assessment_digest = visit.assessment_digest
    await write_assessments(connection, assessed)
