"""Observations whose equal parts are decoded once equal the ones decoded in the ordinary way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import facts_of, from_json, to_json
from model.observation import Cost, Mode, Observation, State
from model.sections import SECTIONS
from model.target import Endpoint, Target
from tests.support.strategies import observations

pytestmark = pytest.mark.slow


def _text(observation: Observation, *, with_evidence: bool = False) -> str:
    return json.dumps(to_json(observation, with_evidence=with_evidence), separators=(",", ":"))


@pytest.mark.slow
@given(
    seen=st.lists(observations(), min_size=1, max_size=3),
    room=st.sampled_from([0, 500, 2**20]),
    with_evidence=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_the_cached_decoder_equals_the_plain_one(
    seen: list[Observation], room: int, with_evidence: bool
) -> None:
    parts = KnownParts(room)
    for one in (*seen, *seen):
        text = _text(one, with_evidence=with_evidence)
        plain = from_json(json.loads(text))
        assert parts.observation(text) == plain
        assert parts.facts(text) == facts_of(plain)


@pytest.mark.slow
@given(observation=observations(), cut=st.data())
@settings(deadline=None, max_examples=50)
def test_no_truncated_text_is_an_observation(observation: Observation, cut: st.DataObject) -> None:
    text = _text(observation)
    parts = KnownParts()
    parts.observation(text)
    with pytest.raises(ValueError):  # noqa: PT011 (json's own, for invalid JSON)
        parts.observation(text[: cut.draw(st.integers(min_value=0, max_value=len(text) - 1))])


@given(observation=observations())
@settings(deadline=None, max_examples=50)
def test_other_spellings_of_the_json_are_the_same(observation: Observation) -> None:
    fields = to_json(observation, with_evidence=False)
    turned = dict(reversed(fields.items()))
    parts = KnownParts()
    for text in (json.dumps(fields), json.dumps(fields, indent=1), json.dumps(turned)):
        assert parts.observation(text) == from_json(fields)


@pytest.mark.slow
@given(observation=observations())
@settings(deadline=None, max_examples=50)
def test_equal_parts_are_one_object(observation: Observation) -> None:
    parts = KnownParts()
    target = Target(host="other.test", port=1, server_name=None)
    other = replace(observation, endpoint=Endpoint(target=target, address=None))
    one, another = parts.observation(_text(observation)), parts.observation(_text(other))
    for section in SECTIONS:
        if section.name != "certificates":
            assert getattr(one, section.name) is getattr(another, section.name)
    for left, right in zip(one.certificates, another.certificates, strict=True):
        assert left.trust is right.trust
        assert all(a is b for a, b in zip(left.chain, right.chain, strict=True))


@pytest.mark.parametrize("name", [section.name for section in SECTIONS])
def test_a_label_may_have_the_name_of_a_section(name: str) -> None:
    labels = {"a": "b", name: "{}", "z": f'{{"{name}":'}
    target = Target(host="h.test", port=443, server_name=None, labels=labels)
    observation = replace(_bare(), endpoint=Endpoint(target=target, address=None))
    assert KnownParts().observation(_text(observation)) == observation


def test_a_value_that_is_no_longer_used_is_evicted() -> None:
    parts = KnownParts(room=200)
    first = parts.observation(_text(_bare(alpn=("first",))))
    for number in range(200):
        parts.observation(_text(_bare(alpn=(f"other{number}",))))
    again = parts.observation(_text(_bare(alpn=("first",))))
    assert again.alpn == first.alpn
    assert again.alpn is not first.alpn


def test_a_recently_used_part_stays_cached() -> None:
    parts = KnownParts(room=32_000)
    first = parts.observation(_text(_bare(alpn=("first",))))
    for number in range(200):
        parts.observation(_text(_bare(alpn=(f"other{number}",))))
        assert parts.observation(_text(_bare(alpn=("first",)))).alpn is first.alpn


def _bare(alpn: tuple[str, ...] = ()) -> Observation:
    return Observation(
        tool_version="1.0",
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(
            target=Target(host="h.test", port=443, server_name=None), address="192.0.2.1"
        ),
        started_at=datetime(2026, 8, 1, tzinfo=UTC),
        cost=Cost(),
        state=State.TLS,
        alpn=alpn,
    )
