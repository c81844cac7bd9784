"""The state of an endpoint as the Inventory holds it: built from a stored status, without evidence, in shared parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from model.encoding.facts_digest import facts_digest
from model.endpoint_state import EndpointState, Stretch
from model.findings.finding import Finding
from model.observation import Observation
from model.query import Transition
from model.snapshot import EndpointStatus
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence


def remembered(status: EndpointStatus) -> EndpointState:
    """The state of the endpoint by a status from the Store; its stretches are not known."""
    return EndpointState(
        facts_digest="",
        started_at=status.observation.started_at,
        visits=1,
        last_success_at=status.last_success_at,
        config_changed_at=status.config_changed_at,
        certificate_changed_at=status.certificate_changed_at,
        assessed_at=None,
        assessment_digest=None,
        findings=status.findings,
    )


def recalled(state: EndpointState, newest: Observation) -> EndpointState:
    """``state`` with one stretch of the ``newest`` facts, if its stretches are not known.

    This is delayed until the next visit: computing a digest for a hundred thousand endpoints would slow the start.
    """
    if state.stretches is not None:
        return state
    stretch = Stretch(
        facts_digest=facts_digest(newest),
        transition=Transition.FIRST,
        first_at=state.started_at,
        facts=newest,
    )
    return replace(state, facts_digest=stretch.facts_digest, stretches=(stretch,))


def bare_state(
    state: EndpointState, newest: Observation, endpoint_key: str, parts: SharedParts
) -> EndpointState:
    """``state`` without the evidence of its newest visit, whose facts are ``newest``; equal parts are one object."""
    stretches, findings = state.stretches, state.findings
    if stretches:
        stretches = (*stretches[:-1], replace(stretches[-1], facts=newest))
    if findings:
        findings = tuple(parts.finding(_bare(one), endpoint_key) for one in findings)
    return replace(state, stretches=stretches, findings=findings)


def is_of_one_visit(mine: EndpointState, stored: EndpointState) -> bool:
    """Whether both are the state after the same visit, with its facts."""
    of_mine, of_stored = ((one.started_at, one.facts_digest) for one in (mine, stored))
    return of_mine == of_stored


def with_stored(mine: EndpointState, stored: EndpointState, parts: SharedParts) -> EndpointState:
    """The database's state, with the parts it did not load taken from ``mine``."""
    stretches = mine.stretches
    if stored.stretches is not None:
        stretches = tuple(
            one
            if one.facts is None
            else replace(one, facts=parts.shared_by(without_evidence(one.facts)))
            for one in stored.stretches
        )
    findings = mine.findings if stored.findings is None else stored.findings
    return replace(stored, stretches=stretches, findings=findings)


def says_the_same(mine: EndpointState, stored: EndpointState) -> bool:
    """Whether two states are equal, except for evidence and for what the ``stored`` one has not loaded."""
    if replace(mine, stretches=None, findings=None) != replace(
        stored, stretches=None, findings=None
    ):
        return False
    return (stored.stretches is None or _past(mine) == _past(stored)) and (
        stored.findings is None or _lives(mine) == _lives(stored)
    )


def _past(state: EndpointState) -> list[tuple[Any, ...]]:
    return [
        (one.facts_digest, one.transition, one.first_at, one.last_at)
        for one in state.stretches or ()
    ]


def _lives(state: EndpointState) -> dict[tuple[str, str], Finding]:
    return {one.result.identity: _bare(one) for one in state.findings or ()}


def _bare(finding: Finding) -> Finding:
    if finding.result.evidence is None:
        return finding
    return replace(finding, result=replace(finding.result, evidence=None))
