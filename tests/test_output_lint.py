"""`make lint` finds code that writes text without the functions that make it safe."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
RUFF: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
BANNED: Final = sorted(RUFF["flake8-tidy-imports"]["banned-api"])
PLACES: Final = ("service/cli/new.py", "service/http/new.py", "exporters/new.py", "tlsprobe/new.py")


def found(place: str, code: str) -> set[str]:
    """The rules that this code breaks there, of those about output."""
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "ruff"), "check", "--no-cache"),
            *("--output-format", "concise", "--stdin-filename", place, "-"),
        ],
        input=code,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return set(re.findall(r"\b(T201|TID251)\b", done.stdout))


@pytest.mark.parametrize("place", PLACES)
def test_a_print_is_found(place: str) -> None:
    assert found(place, "print(name)\n") == {"T201"}


@pytest.mark.parametrize("name", BANNED)
def test_each_way_around_the_safe_functions_is_found(name: str) -> None:
    module, _, last = name.rpartition(".")
    for place in PLACES:
        assert found(place, f"from {module} import {last}\n\nused = {last}\n") == {"TID251"}


def test_every_kind_of_output_is_covered() -> None:
    kinds = {"csv", "xml", "email", "jinja2", "markupsafe", "rich", "starlette"}
    assert {name.partition(".")[0] for name in BANNED} == kinds


def test_only_the_safe_functions_are_exempt() -> None:
    exempt = {
        place for place, rules in RUFF["per-file-ignores"].items() if {"T20", "TID251"} & {*rules}
    }
    assert exempt == {
        "model/safe_output/**",
        "exporters/html_templates.py",
        "exporters/terminal/safe_text.py",
        "service/http/text_answers.py",
        # These write pages of our own, or test.
        "benchmarks/**",
        "scripts/**",
        "scripts/pictures.py",
        "tests/**",
    }
