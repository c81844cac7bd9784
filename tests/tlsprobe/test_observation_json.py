"""Observations as text: reading returns what was written, and invalid text is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tlsprobe
from model.encoding.observation_json import to_json as fields_of
from tests.service.samples import modern
from tests.support.strategies import observations

pytestmark = pytest.mark.slow


@given(observations())
def test_the_value_read_equals_the_value_written(one: tlsprobe.Observation) -> None:
    text = tlsprobe.to_json(one)
    assert "\n" not in text
    assert tlsprobe.from_json(text) == one
    assert tlsprobe.from_json(text.encode()) == one
    assert tlsprobe.from_json(json.loads(text)) == one


def test_evidence_is_left_out_if_it_is_not_requested() -> None:
    lean = tlsprobe.from_json(tlsprobe.to_json(modern(), with_evidence=False))
    assert all(fact.evidence is None for fact in lean.protocols.values())
    assert lean.protocols.keys() == modern().protocols.keys()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the text is not JSON"),
        ("{", "the text is not JSON"),
        ("[" * 100_000, "the text is not JSON"),
        ("[]", "the JSON is not an object"),
        ("null", "the JSON is not an object"),
        ("{}", "schema is None"),
        ('{"schema": 99}', "schema is 99"),
        ('{"schema": 1}', "is missing"),
    ],
)
def test_a_value_that_is_not_an_observation_is_refused_with_a_sentence(
    text: str, sentence: str
) -> None:
    with pytest.raises(tlsprobe.JsonError, match=sentence):
        tlsprobe.from_json(text)


_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({})
)


@given(st.data())
def test_a_damaged_observation_is_read_or_refused(data: st.DataObject) -> None:
    fields = fields_of(modern())
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(_VALUES)
    try:
        read = tlsprobe.from_json(fields)
    except tlsprobe.JsonError:
        return
    assert isinstance(read, tlsprobe.Observation)
