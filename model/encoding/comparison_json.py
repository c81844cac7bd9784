"""Two Observations next to each other as JSON values, as ``tlsprobe compare --json`` prints them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from model.differences.side_by_side import ComparedFact
from model.encoding.times_json import time_to_json
from model.observation import Observation
from model.section_kinds.kind import Shown


def side_to_json(observation: Observation | None) -> dict[str, Any] | None:
    """Which endpoint one side is, and when it was seen; None if it was not known."""
    if observation is None:
        return None
    return {
        "endpoint": observation.endpoint.key,
        "at": time_to_json(observation.started_at),
        "state": observation.state.value,
    }


def facts_to_json(facts: Iterable[ComparedFact]) -> list[dict[str, Any]]:
    """Each fact with the values of both sides."""
    return [
        {
            "fact": one.fact,
            "first": _value(one.first),
            "second": _value(one.second),
            "same": one.is_same,
        }
        for one in facts
    ]


def _value(shown: Shown | None) -> str | list[str] | None:
    return list(shown) if isinstance(shown, tuple) else shown
