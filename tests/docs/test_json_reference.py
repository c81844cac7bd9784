"""docs/reference/json.md has every key that an Observation's JSON has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from model.encoding.observation_json import to_json
from scripts.json_reference import reference, rows
from tests.model.recorded import everything

PAGE: Final = Path(__file__).parents[2] / "docs/reference/json.md"
VALUES: Final = dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", PAGE.read_text(), re.MULTILINE))
"""What the page says of the value of each key."""


def keys(value: Any, path: str = "", kind: str = "object") -> Iterator[str]:
    """The keys below ``value``, which is at ``path`` and of the ``kind`` that the page says."""
    if isinstance(value, list):
        for one in value:
            yield from keys(one, f"{path}[]", kind.partition("list of ")[2])
    elif isinstance(value, dict) and kind.startswith("object by name: "):
        for one in value.values():
            yield from keys(one, f"{path}.NAME", kind.removeprefix("object by name: "))
    elif isinstance(value, dict):
        base = "" if "#" in kind else path
        for name, one in value.items():
            key = f"{base}.{name}".lstrip(".")
            yield key
            yield from keys(one, key, VALUES.get(key, ""))


def test_the_page_is_generated_from_the_code() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"


def test_every_key_of_a_full_observation_is_there() -> None:
    found = set(keys(to_json(everything())))
    assert {"certificates[].chain[].subject", "protocols", "target.labels"} <= found
    elsewhere = ("certificates[].completion.issuers[].", "certificates[].completion.trust.")
    assert sorted(one for one in found - VALUES.keys() if not one.startswith(elsewhere)) == []


def test_a_key_without_a_meaning_is_refused() -> None:
    with pytest.raises(LookupError, match=r"no description of a\.b"):
        list(
            rows(
                {
                    "properties": {
                        "a": {"type": "object", "description": "x", "properties": {"b": {}}}
                    }
                }
            )
        )
