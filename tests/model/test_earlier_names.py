"""Observations that have a fact under an earlier name are read as if it had the new one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model.encoding.earlier_names import FACTS, RULES
from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import from_json, to_json
from model.verdict import Verdict
from policy.catalogue import RULES as CATALOGUE
from probe.checks.catalogue import STAGES
from tests.model.recorded import nothing

NAMES = {name for stage in STAGES for check in stage.checks for name in check.facts}


def earlier_json() -> dict[str, Any]:
    """What version 0.1 wrote of a mail server that answers without TLS, at two levels of intrusiveness."""
    fields = to_json(nothing(), with_evidence=False)
    fields["plaintext"] = {"answers_in_clear": {"verdict": "yes"}}
    fields["not_asked"] = {"answers_in_clear": "standard"}
    return fields


@pytest.mark.parametrize(
    "read", [from_json, lambda fields: KnownParts().observation(json.dumps(fields))]
)
def test_a_fact_is_read_under_its_new_name(read: Any) -> None:
    observation = read(earlier_json())
    assert observation.plaintext["answers_in_plaintext"].verdict is Verdict.YES
    assert list(observation.not_asked) == ["answers_in_plaintext"]


def test_the_new_names_exist_and_the_earlier_ones_do_not() -> None:
    assert NAMES.issuperset(FACTS.values())
    assert NAMES.isdisjoint(FACTS)
    rules = {rule.name for rule in CATALOGUE}
    assert rules.issuperset(RULES.values())
    assert rules.isdisjoint(RULES)


@pytest.mark.parametrize("earlier", FACTS)
def test_proofs_stay_in_the_order_in_which_they_are_stored(earlier: str) -> None:
    others = NAMES - set(FACTS.values())
    assert sorted(others | {earlier}).index(earlier) == sorted(others | {FACTS[earlier]}).index(
        FACTS[earlier]
    )


def test_an_earlier_attribute_is_refused_with_its_new_name() -> None:
    with pytest.raises(AttributeError, match="answered_as_tls was renamed: use answered"):
        _ = nothing().answered_as_tls
