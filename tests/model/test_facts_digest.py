"""The digest of facts depends on every fact of an Observation, and on nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from model.encoding.facts_digest import facts_digest
from model.encoding.observation_json import from_json, to_json
from model.observation import Cost, Mode, Observation
from tests.support.strategies import observations

pytestmark = pytest.mark.slow

CIRCUMSTANCES = {
    "schema",
    "tool",
    "mode",
    "started_at",
    "duration_seconds",
    "connections",
    "bytes_sent",
    "bytes_received",
    "throttled",
    "cut_short",
    "reason",
}
OTHER_WORDS = (
    *("yes", "no", "unknown", "server", "client", "none", "requested", "required"),
    *("tls", "refused", "rsa", "ecdsa", "expired", "self_signed", "impostor", "own", "no_name"),
    *("staple", "ocsp", "crl", "certificate", "2001-02-03T04:05:06Z"),
    *("purpose", "name_constraint"),
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all facts, except those that follow from a certificate's bytes, and a response's dates."""
    if isinstance(value, dict):
        names = set(value)
        if "sha256" in value and "dns_names" in value:
            names = {"sha256"}
        if "next_update" in value:
            names -= {"this_update", "next_update", "reason"}
        for name in sorted(names):
            yield from leaves(value[name], (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, number))
    else:
        yield path


def changed(fields: Any, path: tuple[Any, ...]) -> Observation | None:
    """The Observation with another value at ``path``; None if no other value is allowed."""
    place = fields
    for step in path[:-1]:
        place = place[step]
    was = place[path[-1]]
    if isinstance(was, bool):
        others: tuple[Any, ...] = (not was,)
    elif isinstance(was, int):
        others = (was + 1 if was < 2**40 else was - 1,)
    else:
        others = (f"{was}x", *(word for word in OTHER_WORDS if word != was))
    for other in others:
        place[path[-1]] = other
        try:
            return from_json(fields)
        except (KeyError, ValueError, TypeError):
            continue
        finally:
            place[path[-1]] = was
    return None


@given(observation=observations())
@settings(deadline=None, max_examples=8, phases=[Phase.generate])
def test_every_changed_fact_is_noticed(observation: Observation) -> None:
    fields = to_json(observation, with_evidence=False)
    facts = {name: value for name, value in fields.items() if name not in CIRCUMSTANCES}
    described = ("labels", "claims")
    facts["target"] = {
        name: text for name, text in facts["target"].items() if name not in described
    }
    digest = facts_digest(observation)
    for path in leaves(facts):
        other = changed(fields, path)
        if other is not None:
            assert facts_digest(other) != digest, path


@given(observation=observations())
@settings(deadline=None)
def test_circumstances_labels_and_proofs_are_not_facts(observation: Observation) -> None:
    endpoint = observation.endpoint
    other = replace(
        from_json(json.loads(json.dumps(to_json(observation, with_evidence=False)))),
        endpoint=replace(endpoint, target=replace(endpoint.target, labels={"new": "label"})),
        started_at=observation.started_at + timedelta(hours=1),
        cost=Cost(connections=7),
        mode=Mode.VERIFY,
        reason="other words",
        tool_version="other",
    )
    assert facts_digest(other) == facts_digest(observation)
