"""Each reader still satisfies its guarantees for the inputs that fuzzing found."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fuzz.targets import TARGETS

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "fuzz/corpus"


def test_make_and_the_weekly_workflow_fuzz_every_target() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/fuzz.yml").read_text())
    weekly = workflow["jobs"]["fuzz"]["strategy"]["matrix"]["target"]
    assigned = re.search(
        r"^FUZZ_TARGETS := ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert assigned is not None
    assert sorted(weekly) == sorted(TARGETS)
    assert sorted(assigned[1].replace("\\\n", " ").split()) == sorted(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_keeps_every_invariant(name: str) -> None:
    kept = sorted((CORPUS / name).iterdir())
    assert kept
    for file in kept:
        TARGETS[name](file.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@given(some=st.binary(max_size=300))
def test_any_bytes_keep_every_invariant(name: str, some: bytes) -> None:
    TARGETS[name](some)


JSON_TARGETS = (
    "kubernetes_objects",
    "consul_services",
    "docker_containers",
    "log_lists",
    "observations",
)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("name", JSON_TARGETS)
@given(data=st.data())
def test_any_json_in_place_of_any_part_keeps_every_invariant(
    name: str, data: st.DataObject
) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(documents(name))))
    parent, key = data.draw(st.sampled_from(list(places(document))))
    parent[key] = data.draw(ANY_VALUE)
    TARGETS[name](json.dumps(document).encode())


def documents(name: str) -> list[Any]:
    """The documents in the corpus that have parts."""
    found = []
    for file in sorted((CORPUS / name).iterdir()):
        try:
            document = json.loads(file.read_bytes())
        except ValueError:
            continue
        if isinstance(document, dict | list) and document:
            found.append(document)
    return found


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each list or object in the document, with each of its indexes or keys."""
    keys = list(document) if isinstance(document, dict) else range(len(document))
    for key in keys:
        yield document, key
        if isinstance(document[key], dict | list):
            yield from places(document[key])
