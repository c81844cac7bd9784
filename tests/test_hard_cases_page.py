"""docs/explanation/hard-cases.md: every case has its row, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs/explanation/hard-cases.md").read_text(encoding="utf-8")
CASES = 86
ROWS = re.findall(r"^\| (\d+) \|.*\|.*\|(.*)\|$", PAGE, re.MULTILINE)


def test_every_case_has_one_row_in_order() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, CASES + 1))


def test_every_row_names_a_test_or_a_reason() -> None:
    assert [number for number, how in ROWS if "::" not in how and "not played: " not in how] == []


def test_every_named_test_exists() -> None:
    named = set(re.findall(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`", PAGE))
    missing = [
        (file, test)
        for file, test in named
        if f"def {test}(" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert missing == []
