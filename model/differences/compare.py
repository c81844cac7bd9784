"""Compares two Observations section by section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.comparisons.change import Change
from model.comparisons.difference import Difference, changed
from model.observation import NOT_ASKED, Observation, State
from model.sections import SECTIONS

_STATE_WORDS: Final = {
    State.TLS: "answers with TLS",
    State.SSH: "answers with SSH",
    State.IKE: "answers with IKE",
    State.PLAINTEXT: "answers in plaintext",
    State.NOT_TLS: "does not answer in the expected protocol",
}
"""The states in which a server answered; a server may alternate between the others without a change."""


def differences(before: Observation, after: Observation) -> tuple[Change, ...]:
    """The Changes between the known facts and a newer visit.

    ``before`` should come from ``known_facts``, so that facts which the previous visit missed are not lost.
    A failed visit proves nothing about the facts: only its state is compared.
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
    is_fault_of_ours = not NOT_ASKED.isdisjoint((before.state, after.state))
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
