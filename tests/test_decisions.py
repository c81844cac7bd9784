"""No decision compares sentences: the texts of notes, reasons and errors are only for people.

A fact that a decision needs is a field, an enum or a type. This test looks for comparisons, searches and
patterns whose operand is a prose field, or the text of a caught exception.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[1]
PROSE: Final = frozenset(
    {
        "note",
        "summary",
        "reason",
        "strict_reason",
        "detail",
        "sentence",
        "message",
        "problem",
        "what",
    }
)
"""Names of the fields that hold text for people."""

_CHANGES_CASE: Final = frozenset({"lower", "upper", "casefold", "strip", "rstrip", "lstrip"})
_LOOKS_AT: Final = frozenset(
    {"startswith", "endswith", "partition", "rpartition", "find", "rfind", "index", "count"}
    | {"removeprefix", "removesuffix"}
)
_SEARCHES: Final = frozenset({"search", "match", "fullmatch", "findall", "finditer"})


def decisions(source: str) -> Iterator[int]:
    """The lines of a module in which prose affects a decision."""
    tree = ast.parse(source)
    caught = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.name is not None
    }

    def is_prose(node: ast.expr) -> bool:
        match node:
            case ast.Attribute(attr=name):
                return name in PROSE
            case ast.BoolOp(values=values):
                return any(map(is_prose, values))
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
                return name in caught
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                return name in _CHANGES_CASE and is_prose(value)
            case _:
                return False

    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                is_identity = all(isinstance(one, ast.Is | ast.IsNot) for one in ops)
                if not is_identity and any(map(is_prose, (left, *others))):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=arguments):
                is_looked_at = name in _LOOKS_AT and is_prose(value)
                if is_looked_at or (name in _SEARCHES and any(map(is_prose, arguments))):
                    yield node.lineno
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
                for name, pattern in zip(names, patterns, strict=True):
                    if name in PROSE and isinstance(pattern, ast.MatchValue):
                        yield node.lineno


OLD_EVENTS: Final = "storage/migrations/versions/v0006_endpoints_of_events.py"
"""Reads, once, what older versions stored as a sentence alone, and gives it a column."""


def test_no_decision_compares_prose() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for room in PACKAGES
        for path in sorted((ROOT / room).rglob("*.py"))
        if path != ROOT / OLD_EVENTS
        for line in decisions(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "if fact.evidence.note == NO_KIND: pass",
        "if again.summary == latest.summary: pass",
        "if 'eku' in trust.reason.lower(): pass",
        "if (trust.reason or '').startswith('No'): pass",
        "if pattern.search(failure.detail): pass",
        "try: pass\nexcept OSError as error:\n    x = 'HTTP status 404' in str(error)",
        "try: pass\nexcept OSError as error:\n    x = str(error).rpartition(': ')",
        "match fact:\n    case Evidence(note='nothing'): pass",
    ],
)
def test_each_way_to_compare_prose_is_found(line: str) -> None:
    assert list(decisions(line))


@pytest.mark.parametrize(
    "line",
    [
        "if fact.evidence.note is not None: pass",
        "shown = found.note or 'no note'",
        "if failure.kind == DENIED: pass",
        "try: pass\nexcept OSError as error:\n    x = ' '.join(str(error).split())",
        "match answer:\n    case ConnectFailure(detail=detail): pass",
    ],
)
def test_displaying_prose_is_not_a_decision(line: str) -> None:
    assert not list(decisions(line))
