"""One style for logs: an event is a fixed phrase, and its details are fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tlsprobe.own_packages import PACKAGES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
LOGGERS = frozenset({"_LOG", "log"})


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every logging call, with its location."""
    for room in PACKAGES:
        for path in sorted((ROOT / room).rglob("*.py")):
            place = path.relative_to(ROOT)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _logs(node.func):
                    yield f"{place}:{node.lineno}", node


def _logs(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "log"
    return (
        isinstance(called, ast.Attribute)
        and called.attr in LEVELS
        and isinstance(called.value, ast.Name)
        and called.value.id in LOGGERS
    )


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
