"""Writes a batch of visits: decides which ones are new, and which only update their endpoint.

A visit with the facts of the endpoint's newest row and with the same judgement writes only that row of
``statuses``. So the size of the history depends on changes, not on time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from model.endpoint_state import Advanced, Visit
from storage.writing.assessments import load_findings, write_assessments
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped, fit, note_dropped
from storage.writing.facts import write_facts
from storage.writing.past import find_known_facts, load_stretches
from storage.writing.places import add_endpoints, describe_again
from storage.writing.status_rows import (
    KnownEndpoint,
    StatusRecord,
    add_statuses,
    load_endpoints,
    update_statuses,
)
from storage.writing.step import Step


@dataclass(slots=True, kw_only=True)
class Written:
    """What was written: the result of each visit, in the order of the visits, and what was dropped."""

    advanced: list[Advanced] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


async def write_visits(
    connection: AsyncConnection, visits: Sequence[Visit], bytes_per_day: int = BYTES_PER_DAY
) -> Written:
    """Write ``visits``, those of one endpoint in their order; the caller commits.

    What an endpoint shows beyond ``bytes_per_day`` is not written.
    """
    done: dict[int, Advanced] = {}
    written = Written()
    for part in _once_each(visits):
        steps, dropped = await _write_part(connection, part, bytes_per_day)
        written.dropped += dropped
        done |= {id(step.visit): step.advanced for step in steps}
    written.advanced = [done[id(visit)] for visit in visits]
    return written


def _once_each(visits: Iterable[Visit]) -> list[list[Visit]]:
    """Parts that contain each endpoint at most once; the first part is the largest."""
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
) -> tuple[list[Step], list[Dropped]]:
    known = await load_endpoints(connection, [visit.key for visit in visits])
    await _describe_again(connection, visits, known)
    added = await _add(connection, [visit for visit in visits if visit.key not in known])
    records = {key: endpoint.record for key, endpoint in known.items()} | added
    steps = [Step.of(visit, records[visit.key]) for visit in visits]
    await _advance(connection, steps)
    await fit(connection, steps, bytes_per_day)
    await write_facts(connection, steps)
    judged = [step for step in steps if step.is_judged_otherwise]
    await write_assessments(connection, judged)
    for step in steps:
        step.record.take(step.visit, step.advanced)
    await add_statuses(connection, list(added.values()))
    for has_news in (False, True):
        moved = [
            step.record for step in steps if step.visit.key in known and _has_news(step) is has_news
        ]
        await update_statuses(connection, moved, has_news=has_news)
    dropped = {step.visit.key: step.dropped_bytes for step in steps if step.dropped_bytes}
    now = max(visit.started_at for visit in visits)
    return steps, await note_dropped(connection, dropped, now)


async def _advance(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    """Load what the steps need from the past, and compute the result of each."""
    different = [step for step in steps if step.learns_other_facts]
    judged = [step for step in steps if step.is_judged_otherwise]
    await _load_facts(connection, [step for step in different if not step.record.is_new])
    if judged:
        await load_findings(connection, judged)
    if different:
        await asyncio.to_thread(_advance_all, steps)
    else:
        _advance_all(steps)


def _advance_all(steps: Sequence[Step]) -> None:
    for step in steps:
        step.advance()


async def _load_facts(connection: AsyncConnection, different: Sequence[Step]) -> None:
    stretches = await load_stretches(connection, [step.endpoint_id for step in different])
    kept = await find_known_facts(
        connection, {step.endpoint_id: step.visit.facts_digest for step in different}
    )
    for step in different:
        step.observation_id = kept.get(step.endpoint_id)
        step.before = replace(step.before, stretches=stretches[step.endpoint_id])


def _has_news(step: Step) -> bool:
    """Whether the visit changed more than the endpoint's row of ``statuses``."""
    return step.advanced.transition is not None or step.is_judged_otherwise


async def _describe_again(
    connection: AsyncConnection, visits: Sequence[Visit], known: Mapping[str, KnownEndpoint]
) -> None:
    targets = {
        known[visit.key].target_id: visit.observation.endpoint.target
        for visit in visits
        if visit.key in known
        and not known[visit.key].is_described_as(visit.observation.endpoint.target)
    }
    await describe_again(connection, targets)


async def _add(connection: AsyncConnection, visits: Sequence[Visit]) -> dict[str, StatusRecord]:
    if not visits:
        return {}
    ids = await add_endpoints(connection, [visit.observation.endpoint for visit in visits])
    return {key: StatusRecord(endpoint_id=endpoint_id) for key, endpoint_id in ids.items()}
