"""The effect of a visit on an endpoint: by hand for each rule, and for any sequence of visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.endpoint_state import (
    NEVER_VISITED,
    Advanced,
    Visit,
    advance,
    needs_findings,
    needs_stretches,
)
from model.findings.finding import Assessment, FindingStatus, Outcome
from model.observation import Observation, State
from model.query import Transition
from tests.storage.samples import INTERVAL, NOON, bare, certificate, observation, refusal, schedule
from tests.storage.test_findings import assessment, result


def visit(seen: Observation, judged: Assessment | None = None) -> Visit:
    return Visit(observation=seen, schedule=schedule(seen), assessment=judged)


def after(*visits: Visit) -> list[Advanced]:
    """The effect of each visit, starting with an endpoint that was never visited."""
    state, done = NEVER_VISITED, []
    for one in visits:
        done.append(advance(state, one))
        state = done[-1].state
    return done


def at(hour: int) -> datetime:
    return NOON + hour * INTERVAL


def chain(name: bytes, hour: int) -> Observation:
    return observation(hour=hour, chain=[certificate(name)])


def test_the_first_visit_changes_nothing_and_starts_every_period() -> None:
    seen = observation()
    (first,) = after(visit(seen))
    assert (first.transition, first.changes) == (Transition.FIRST, ())
    state = first.state
    assert (state.visits, state.started_at, state.last_success_at) == (1, NOON, seen.ended_at)
    assert (state.config_changed_at, state.certificate_changed_at) == (None, None)
    assert (state.assessed_at, state.findings) == (None, ())
    assert state.stretches is not None
    assert [(one.transition, one.first_at, one.last_at) for one in state.stretches] == [
        (Transition.FIRST, NOON, None)
    ]


def test_a_visit_with_the_same_facts_continues_the_period_and_loads_nothing() -> None:
    first, second = visit(observation()), visit(observation(hour=1))
    (begun,) = after(first)
    unloaded = replace(begun.state, stretches=None, findings=None)
    assert not needs_stretches(unloaded, second)
    assert not needs_findings(unloaded, second)
    done = advance(unloaded, second)
    assert (done.transition, done.changes) == (None, ())
    assert (done.state.visits, done.state.started_at) == (2, at(1))
    assert (done.state.stretches, done.state.findings) == (None, None)


def test_state_that_is_needed_but_not_loaded_is_an_error() -> None:
    judged = assessment(observation(), [result()])
    (begun,) = after(visit(observation(), judged))
    unloaded = replace(begun.state, stretches=None, findings=None)
    with pytest.raises(ValueError, match="stretches were not loaded"):
        advance(unloaded, visit(observation(hour=1, suites=["B"])))
    passed = assessment(observation(hour=1), [result(outcome=Outcome.PASS)])
    with pytest.raises(ValueError, match="findings were not loaded"):
        advance(unloaded, visit(observation(hour=1), passed))


def test_a_changed_fact_is_a_configuration_change_and_a_new_leaf_a_certificate_change() -> None:
    renewed = chain(b"new", 1)
    other_suite = observation(hour=2, suites=["B"], chain=[certificate(b"new")])
    _, leaf, suites = after(visit(chain(b"old", 0)), visit(renewed), visit(other_suite))
    assert (leaf.transition, suites.transition) == (Transition.CHANGED, Transition.CHANGED)
    assert [one.fact for one in leaf.changes] == ["certificates.ecdsa.leaf"]
    assert {one.fact for one in suites.changes} == {"cipher_suites.TLSv1.3"}
    times = [
        (one.state.config_changed_at, one.state.certificate_changed_at) for one in (leaf, suites)
    ]
    assert times == [(at(1), at(1)), (at(2), at(1))]


def test_a_failure_changes_only_the_state_and_is_skipped_in_the_next_comparison() -> None:
    failed = refusal(hour=1)
    _, down, up = after(visit(chain(b"old", 0)), visit(failed), visit(chain(b"new", 2)))
    assert [one.fact for one in down.changes] == ["state"]
    assert (down.state.config_changed_at, down.state.last_success_at) == (
        None,
        NOON + timedelta(seconds=0.25),
    )
    assert [one.fact for one in up.changes] == ["state", "certificates.ecdsa.leaf"]
    assert (up.state.certificate_changed_at, up.state.last_success_at) == (
        at(2),
        chain(b"new", 2).ended_at,
    )


def test_alternating_facts_are_one_change_and_do_not_move_the_change_time() -> None:
    swings = [observation(hour=hour, suites=["AB"[hour % 2]]) for hour in range(6)]
    done = after(*map(visit, swings))
    changed, flapping = Transition.CHANGED, Transition.FLAPPING
    assert [one.transition for one in done] == [
        *(Transition.FIRST, changed, changed),
        *(flapping, flapping, flapping),
    ]
    assert [[one.fact for one in each.changes] for each in done[3:]] == [["flapping"], [], []]
    assert {one.state.config_changed_at for one in done[2:]} == {at(2)}


def test_a_temporarily_unknown_fact_is_unchanged_when_it_is_known_again() -> None:
    known, again = observation(hour=0, suites=["A"]), observation(hour=2, suites=["A"])
    unknown = replace(observation(hour=1), cipher_suites={})
    transitions = [one.transition for one in after(visit(known), visit(unknown), visit(again))]
    assert transitions == [Transition.FIRST, Transition.SAME, Transition.SAME]


def test_findings_continue_and_stay_if_a_visit_was_not_judged() -> None:
    failing, passing = [result()], [result(outcome=Outcome.PASS)]
    seen = [observation(hour=hour) for hour in range(4)]
    judged = [
        *(assessment(seen[0], failing), None),
        *(assessment(seen[2], passing), assessment(seen[3], failing)),
    ]
    done = after(*map(visit, seen, judged))
    lives = [one.state.findings for one in done]
    assert lives[0] == lives[1]
    assert [(one.status, one.reopened) for each in lives for one in each or ()] == [
        (FindingStatus.OPEN, 0),
        (FindingStatus.OPEN, 0),
        (FindingStatus.RESOLVED, 0),
        (FindingStatus.OPEN, 1),
    ]
    assert [one.state.assessed_at for one in done] == [NOON, NOON, at(2), at(3)]


def test_data_of_another_endpoint_cannot_be_in_a_visit() -> None:
    seen, other = observation(), observation("b.example")
    with pytest.raises(ValueError, match=r"the schedule of b\.example"):
        Visit(observation=seen, schedule=schedule(other))
    with pytest.raises(ValueError, match=r"the assessment of b\.example"):
        Visit(observation=seen, schedule=schedule(seen), assessment=assessment(other, []))


LETTERS = st.lists(st.sampled_from("ABCDEFGH?!"), max_size=40)


def observations_of_letters(letters: Sequence[str]) -> list[Observation]:
    """One visit per character: a suite of that name, none known at ``?``, refused at ``!``."""
    seen = []
    for hour, letter in enumerate(letters):
        up = observation(hour=hour, suites=[letter])
        unknown = replace(up, cipher_suites={})
        down = replace(refusal(hour=hour), state=State.REFUSED)
        seen.append({"?": unknown, "!": down}.get(letter, up))
    return seen


@given(LETTERS)
def test_the_state_is_bounded_for_any_input(letters: list[str]) -> None:
    for one in after(*map(visit, observations_of_letters(letters))):
        stretches = one.state.stretches or ()
        assert 1 <= len(stretches) <= 12
        assert sum(each.facts is not None for each in stretches) <= 6
        assert [each.last_at is None for each in stretches] == [False] * (len(stretches) - 1) + [
            True
        ]


@given(LETTERS)
def test_proofs_make_no_difference(letters: list[str]) -> None:
    """The store in memory has visits without their proofs, the database with them."""
    seen = observations_of_letters(letters)
    whole, facts_alone = after(*map(visit, seen)), after(*(visit(bare(one)) for one in seen))
    assert [(one.transition, one.changes) for one in whole] == [
        (one.transition, one.changes) for one in facts_alone
    ]
    assert [replace(one.state, stretches=None) for one in whole] == [
        replace(one.state, stretches=None) for one in facts_alone
    ]
