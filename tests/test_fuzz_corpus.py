"""Each reader still satisfies its guarantees for the inputs that fuzzing found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[1] / "fuzz/corpus"


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
