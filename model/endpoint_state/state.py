"""The state of an endpoint: what the store in memory and the database know about its visits so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from model.differences.known import is_wholly_known, known_facts
from model.endpoint_state.flapping import FLAPPING_WITHIN, Showing
from model.findings.finding import Finding
from model.frozen import frozen
from model.observation import Observation
from model.query import Transition

MOST_STRETCHES: Final = 12
"""The number of newest stretches by which flapping is detected."""
MOST_FACTS: Final = 6
"""The number of different facts in which an older value of an unknown fact is looked up."""

_TURNS: Final = (Transition.CHANGED, Transition.FLAPPING)


@frozen
class Stretch:
    """Consecutive visits with the same facts.

    ``last_at`` is when the last of them began, None for the newest stretch. ``facts`` are stored without
    evidence. They are None if they were deleted, or if newer stretches contain all of them.
    """

    facts_digest: str
    transition: Transition
    first_at: datetime
    last_at: datetime | None = None
    facts: Observation | None = None


@frozen
class EndpointState:
    """The state of an endpoint after its newest visit, which began at ``started_at``.

    ``visits`` counts the visits of the newest stretch. ``config_changed_at`` is when facts last changed,
    ``certificate_changed_at`` when a leaf did; None if that never happened. ``stretches`` are the newest
    ones, oldest first, and ``findings`` are all Findings, including resolved ones. Either is None if it was
    not loaded: ``needs_stretches`` and ``needs_findings`` say when it must be.
    """

    facts_digest: str
    started_at: datetime
    visits: int
    last_success_at: datetime | None
    config_changed_at: datetime | None
    certificate_changed_at: datetime | None
    assessed_at: datetime | None
    assessment_digest: str | None
    stretches: tuple[Stretch, ...] | None = None
    findings: tuple[Finding, ...] | None = None


NEVER_VISITED: Final = EndpointState(
    facts_digest="",
    started_at=datetime.min.replace(tzinfo=UTC),
    visits=0,
    last_success_at=None,
    config_changed_at=None,
    certificate_changed_at=None,
    assessed_at=None,
    assessment_digest=None,
    stretches=(),
    findings=(),
)
"""The state of an endpoint before its first visit."""


def with_stretch(
    stretches: Sequence[Stretch], new: Stretch, ended_at: datetime
) -> tuple[Stretch, ...]:
    """``stretches``, the newest of which ended at ``ended_at``, followed by ``new``; without outdated ones."""
    ended = (*stretches[:-1], replace(stretches[-1], last_at=ended_at)) if stretches else ()
    newest_first = reversed((*ended, new)[-MOST_STRETCHES:])
    return tuple(_with_needed_facts(newest_first))[::-1]


def _with_needed_facts(newest_first: Iterable[Stretch]) -> Iterator[Stretch]:
    """The stretches without the facts that ``last_known_facts`` does not need."""
    seen: set[str] = set()
    is_known = False
    for one in newest_first:
        is_needed = not is_known and one.facts_digest not in seen and len(seen) < MOST_FACTS
        seen.add(one.facts_digest)
        if one.facts is None or is_needed:
            yield one
        else:
            yield replace(one, facts=None)
        is_known = is_known or (is_needed and one.facts is not None and is_wholly_known(one.facts))


def last_known_facts(stretches: Sequence[Stretch]) -> Observation | None:
    """The last known value of every fact; None if no facts are stored.

    Older facts are read until nothing is unknown, at most ``MOST_FACTS`` different ones.
    """
    needed = [one.facts for one in _with_needed_facts(reversed(stretches)) if one.facts is not None]
    return known_facts(needed) if needed else None


def showings(stretches: Sequence[Stretch], last_visit_at: datetime) -> list[Showing]:
    """The stretches in the form that ``is_flapping`` takes; the newest one ended at ``last_visit_at``."""
    return [
        Showing(
            facts_digest=one.facts_digest,
            first_at=one.first_at,
            last_at=one.last_at or last_visit_at,
            is_turn=one.transition in _TURNS,
        )
        for one in stretches
    ]


def has_flapped(stretches: Iterable[Stretch], at: datetime) -> bool:
    """Whether the endpoint flapped shortly before ``at``, so that this has been reported."""
    return any(
        one.transition is Transition.FLAPPING and at - one.first_at <= FLAPPING_WITHIN
        for one in stretches
    )
