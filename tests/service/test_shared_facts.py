"""Observations whose equal parts are one object, and whose facts stay their own."""

from __future__ import annotations

import copy
import tracemalloc
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.encoding.observation_json import to_json
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from model.observation import Observation
from model.sections import SECTIONS
from model.verdict import Fact, Verdict
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from tests.service.samples import NOW, modern
from tests.support.strategies import observations


@pytest.mark.slow
@given(st.lists(observations(), min_size=1, max_size=4), st.sampled_from([0, 3_000, 4_000_000]))
@settings(deadline=None, max_examples=50)
def test_shared_facts_stay_equal_to_the_original(seen: list[Observation], room: int) -> None:
    parts = SharedParts(room)
    for one in map(without_evidence, (*seen, *seen)):
        shared = parts.shared_by(one)
        assert shared == one
        assert to_json(shared) == to_json(one)
        assert [type(getattr(shared, field.name)) for field in fields(Observation)] == [
            type(getattr(one, field.name)) for field in fields(Observation)
        ]


def test_equal_parts_are_one_object() -> None:
    parts = SharedParts()
    observation = without_evidence(modern())
    one = parts.shared_by(observation)
    another = parts.shared_by(copy.deepcopy(observation))
    for section in SECTIONS:
        if section.name != "certificates":
            assert getattr(one, section.name) is getattr(another, section.name)
    assert all(a is b for a, b in zip(one.certificates, another.certificates, strict=True))


def test_chains_with_other_leaves_share_the_rest() -> None:
    parts = SharedParts()
    observation = without_evidence(modern())
    (first, *_) = parts.shared_by(observation).certificates
    other = copy.deepcopy(observation)
    (served, *_) = other.certificates
    leaf = replace(served.leaf, sha256=64 * "f")
    chain = (leaf, *served.chain[1:])
    (second, *_) = parts.shared_by(
        replace(other, certificates=(replace(served, chain=chain),))
    ).certificates
    assert second.leaf == leaf
    assert second.trust is first.trust
    assert all(a is b for a, b in zip(first.chain[1:], second.chain[1:], strict=True))
    assert first.chain[1:]


def test_findings_of_endpoints_have_one_result() -> None:
    parts = SharedParts()
    keys = ("a.test:443@-", "b.test:443@-")
    first, second = (parts.finding(_finding(key), key) for key in keys)
    assert second == _finding("b.test:443@-")
    assert second.endpoint_key is keys[1]
    assert first.result is second.result


def _finding(endpoint_key: str) -> Finding:
    result = RuleResult(
        policy="p",
        rule="r",
        severity=Severity.LOW,
        outcome=Outcome.FAIL,
        requirement="It must not",
        violation="It does",
        observed="".join(["it", " does"]),
        required="it does not",
        source="Section 1",
    )
    return Finding(
        endpoint_key=endpoint_key,
        result=result,
        status=FindingStatus.OPEN,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )


def test_an_object_without_evidence_is_returned_unchanged() -> None:
    bare = without_evidence(modern())
    again = without_evidence(bare)
    for section in SECTIONS:
        if section.name not in ("certificates", "contradictions"):
            assert getattr(again, section.name) is getattr(bare, section.name)
    assert all(a is b for a, b in zip(again.certificates, bare.certificates, strict=True))


def test_hostile_parts_fill_no_more_than_the_cache_size() -> None:
    """A server whose certificate and values are new at each visit, each of one megabyte."""
    room = 2**20
    parts = SharedParts(room)
    observation = without_evidence(modern())
    (served, *_) = observation.certificates
    for visit in range(10):
        leaf = replace(served.leaf, sha256=f"{visit:064x}", subject=f"CN={visit}" + "x" * 2**20)
        names = tuple(f"{visit}.{number}.example" for number in range(20_000))
        huge = replace(served, chain=(replace(leaf, dns_names=names), *served.chain[1:]))
        http = {**observation.http, "server": Fact(verdict=Verdict.YES, value=f"{visit}" * 2**20)}
        seen = replace(observation, certificates=(huge,), http=http)
        assert parts.shared_by(seen) == seen
        assert parts.held_bytes <= 2 * room
    # Parts that others have in common are still shared.
    one, another = (parts.shared_by(copy.deepcopy(observation)) for _ in range(2))
    assert one.certificates[0].leaf is another.certificates[0].leaf


def test_memory_does_not_grow_with_visits_to_a_hostile_server() -> None:
    parts = SharedParts()
    observation = without_evidence(modern())

    def visit(number: int) -> None:
        http = {"server": Fact(verdict=Verdict.YES, value=f"{number:08d}" * 2**17)}
        parts.shared_by(replace(observation, http=http))

    tracemalloc.start()
    try:
        for number in range(80):
            visit(number)
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert current < 40 * 2**20, "80 values of a megabyte, of which twice 16 may stay"
