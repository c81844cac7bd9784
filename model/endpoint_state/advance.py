"""``advance``: the only function that computes an endpoint's state after a visit. It is pure.

What was not loaded in the state before is not loaded in the state after either. A visit with the same facts
and the same policy results as the newest one needs neither stretches nor Findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from model.comparisons.change import Change, ChangeKind
from model.differences import differences
from model.endpoint_state.flapping import is_flapping
from model.endpoint_state.state import (
    EndpointState,
    Stretch,
    has_flapped,
    last_known_facts,
    showings,
    with_stretch,
)
from model.endpoint_state.visit import Visit
from model.findings.finding import Finding
from model.findings.finding_life import live_on
from model.frozen import frozen
from model.query import Transition

FLAPPING: Final = "flapping"
"""The ``fact`` of the one Change that replaces all Changes of a flapping endpoint."""

_STATE: Final = "state"
_LEAF: Final = ".leaf"
"""The suffix of the ``fact`` of a Change that is about a leaf."""
_MOST_QUOTED: Final = 3


@frozen
class Advanced:
    """The effect of a visit: the ``state`` of the endpoint after it, and the ``changes`` that it showed.

    ``transition`` is the relation of the visit to earlier ones. It is None if the visit found the same facts
    as the newest one, whose stretch it continues.
    """

    state: EndpointState
    transition: Transition | None
    changes: tuple[Change, ...] = ()


@frozen
class _Learned:
    """The relation of a visit's facts to those of earlier visits."""

    transition: Transition
    changes: tuple[Change, ...] = ()


def needs_stretches(before: EndpointState, visit: Visit) -> bool:
    """Whether ``advance`` needs the stretches: the facts differ from those of the newest visit."""
    return before.facts_digest != visit.facts_digest


def needs_findings(before: EndpointState, visit: Visit) -> bool:
    """Whether ``advance`` needs the Findings: the policy results differ from those of the newest visit."""
    return visit.assessment_digest not in (None, before.assessment_digest)


def advance(before: EndpointState, visit: Visit) -> Advanced:
    """The effect of ``visit`` on an endpoint in the state ``before``; ``NEVER_VISITED`` for the first visit.

    Raises:
        ValueError: if ``before`` lacks data that the visit needs.
    """
    learned = _learned(before, visit) if needs_stretches(before, visit) else None
    changes = () if learned is None else learned.changes
    facts = [one.fact for one in changes if one.fact not in (_STATE, FLAPPING)]
    has_leaf = any(fact.endswith(_LEAF) for fact in facts)
    at, judged = visit.started_at, visit.assessment
    state = EndpointState(
        facts_digest=visit.facts_digest,
        started_at=at,
        visits=before.visits + 1 if learned is None else 1,
        last_success_at=(visit.ended_at if visit.observation.answered else before.last_success_at),
        config_changed_at=at if facts else before.config_changed_at,
        certificate_changed_at=at if has_leaf else before.certificate_changed_at,
        assessed_at=before.assessed_at if judged is None else judged.assessed_at,
        assessment_digest=visit.assessment_digest or before.assessment_digest,
        stretches=before.stretches if learned is None else _stretches(before, visit, learned),
        findings=_findings(before, visit),
    )
    transition = None if learned is None else learned.transition
    return Advanced(state=state, transition=transition, changes=changes)


def advance_without_facts(before: EndpointState, visit: Visit) -> Advanced:
    """The effect of ``visit`` if its facts cannot be stored: the visit counts, and earlier facts stay.

    Raises:
        ValueError: if ``before`` lacks data that the visit needs.
    """
    counted = advance(replace(before, facts_digest=visit.facts_digest), visit)
    return replace(counted, state=replace(counted.state, facts_digest=before.facts_digest))


def _learned(before: EndpointState, visit: Visit) -> _Learned:
    stretches = _loaded(before)
    known = last_known_facts(stretches)
    if known is None:
        return _Learned(transition=Transition.FIRST)
    changes = differences(known, visit.observation)
    if not changes:
        return _Learned(transition=Transition.SAME)
    at = visit.started_at
    if not is_flapping(showings(stretches, before.started_at), visit.facts_digest, at):
        return _Learned(transition=Transition.CHANGED, changes=changes)
    reported = () if has_flapped(stretches, at) else (_flapping_change(visit, changes),)
    return _Learned(transition=Transition.FLAPPING, changes=reported)


def _flapping_change(visit: Visit, changes: Sequence[Change]) -> Change:
    """The one Change that replaces all later ones, with the facts that alternate."""
    sentence = "; ".join(change.sentence for change in changes[:_MOST_QUOTED])
    return Change(
        endpoint_key=visit.key,
        at=visit.started_at,
        fact=FLAPPING,
        kind=ChangeKind.APPEARED,
        before=None,
        after=str(len(changes)),
        sentence=f"flapping: answers change back and forth ({sentence})",
    )


def _stretches(before: EndpointState, visit: Visit, learned: _Learned) -> tuple[Stretch, ...]:
    new = Stretch(
        facts_digest=visit.facts_digest,
        transition=learned.transition,
        first_at=visit.started_at,
        facts=visit.observation,
    )
    return with_stretch(_loaded(before), new, before.started_at)


def _loaded(before: EndpointState) -> tuple[Stretch, ...]:
    if before.stretches is None:
        raise ValueError("the stretches were not loaded, and the visit learned other facts")
    return before.stretches


def _findings(before: EndpointState, visit: Visit) -> tuple[Finding, ...] | None:
    if visit.assessment is None:
        return before.findings
    if before.findings is not None:
        return live_on(before.findings, visit.assessment)
    if needs_findings(before, visit):
        raise ValueError("the findings were not loaded, and the results of policies changed")
    return None
