"""One style for logs: an event is a fixed phrase, and its details are fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.log_events import logging_calls, page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every logging call, with its location."""
    for path, call in logging_calls():
        yield f"{path}:{call.lineno}", call


def test_every_event_is_a_fixed_phrase_with_fields() -> None:
    found = dict(calls())
    assert len(found) > 50
    wrong = [
        place
        for place, call in found.items()
        if not (
            len(call.args) == 1
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
            and "%" not in call.args[0].value
        )
    ]
    assert wrong == []


def test_log_fields_are_arguments_in_the_service_and_extra_below_it() -> None:
    wrong = [
        place
        for place, call in calls()
        if any(one.arg == "extra" for one in call.keywords) == place.startswith("service/")
        and call.keywords
    ]
    assert wrong == []


def test_the_page_of_events_is_written_from_the_code() -> None:
    written = (ROOT / "docs" / "reference" / "log-events.md").read_text(encoding="utf-8")
    assert written == page(), "run `make docs`"
