"""Compares two Observations part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from model.change import Change
from model.differences.certificates import compare_certificates
from model.differences.client_auth import compare_client_auth
from model.differences.difference import Difference, appeared, changed, vanished
from model.differences.named_facts import compare_named_facts
from model.differences.protocols import compare_protocols, compare_sets
from model.observation import Observation, State

Comparison: TypeAlias = Callable[[Observation, Observation], Iterator[Difference]]

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
        for compare in COMPARISONS
        for one in compare(before, after)
    )


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


def _compare_alpn(before: Observation, after: Observation) -> Iterator[Difference]:
    # An empty list does not say whether it was asked.
    if before.alpn and after.alpn:
        for name in sorted(set(after.alpn) - set(before.alpn)):
            yield appeared("alpn", name, f"ALPN protocol {name} appeared")
        for name in sorted(set(before.alpn) - set(after.alpn)):
            yield vanished("alpn", name, f"ALPN protocol {name} vanished")


def _compare_fingerprints(before: Observation, after: Observation) -> Iterator[Difference]:
    for name in sorted(before.fingerprints.keys() & after.fingerprints.keys()):
        was, now = before.fingerprints[name], after.fingerprints[name]
        if was != now:
            yield changed(f"fingerprints.{name}", was, now, f"fingerprint {name} changed")


def _compare_contradictions(before: Observation, after: Observation) -> Iterator[Difference]:
    known = {one.subject for one in before.contradictions}
    for subject in sorted({one.subject for one in after.contradictions} - known):
        yield appeared(
            "contradictions",
            subject,
            f"answers contradict each other on {subject}: several servers behind one address?",
        )


COMPARISONS: Final[tuple[Comparison, ...]] = (
    _compare_state,
    compare_protocols,
    compare_sets,
    compare_certificates,
    compare_client_auth,
    compare_named_facts,
    _compare_alpn,
    _compare_fingerprints,
    _compare_contradictions,
)
