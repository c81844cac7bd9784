"""Compares two Observations section by section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.change import Change
from model.comparisons.difference import Difference, changed
from model.observation import Observation, State
from model.sections import SECTIONS

_STATE_WORDS: Final = {
    State.TLS: "answers as TLS",
    State.PLAINTEXT: "answers in plaintext, without TLS",
    State.NOT_TLS: "answers with something that is not TLS",
}
"""The states in which a server spoke; among the others a server may drift without changing."""


def differences(before: Observation, after: Observation) -> tuple[Change, ...]:
    """The Changes from what was known to what a newer visit learnt.

    ``before`` is best made by ``known_facts``, so that what only the visit before did not learn is
    not forgotten. A visit that failed proves nothing of the facts: it differs by its state alone.
    """
    return tuple(
        Change(
            endpoint_key=after.endpoint.key,
            at=after.started_at,
            fact=one.fact,
            kind=one.kind,
            before=one.before,
            after=one.after,
            sentence=one.sentence,
        )
        for one in _differences(before, after)
    )


def _differences(before: Observation, after: Observation) -> Iterator[Difference]:
    yield from _compare_state(before, after)
    for section in SECTIONS:
        if section.compare is not None:
            yield from section.compare(before, after)


def _compare_state(before: Observation, after: Observation) -> Iterator[Difference]:
    is_fault_of_ours = State.ERROR in (before.state, after.state)
    words, words_before = _STATE_WORDS.get(after.state), _STATE_WORDS.get(before.state)
    if is_fault_of_ours or words == words_before:
        return
    was, now = before.state.value, after.state.value
    if words is None:
        yield changed("state", was, now, f"stopped answering: {now.replace('_', ' ')}")
    elif words_before is None:
        yield changed("state", was, now, f"{words} again, after {was.replace('_', ' ')}")
    else:
        yield changed("state", was, now, f"{words} now")
