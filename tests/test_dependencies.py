"""docs/contribute/dependencies.md gives the reason for every package that pyproject.toml requires."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def declared_requirements() -> set[str]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    optional = (*project["optional-dependencies"].values(), *groups.values())
    lines = [*project["dependencies"], *(line for group in optional for line in group)]
    return {re.split(r"[\[<>=;! ]", line, maxsplit=1)[0] for line in lines}


def explained() -> set[str]:
    rows = re.findall(
        r"^\| ([a-z][^|]*) \|", (ROOT / "docs/contribute/dependencies.md").read_text(), re.MULTILINE
    )
    return {re.sub(r" \(.*\)", "", name) for row in rows for name in row.split(", ")}


def test_every_dependency_has_its_reason() -> None:
    assert declared_requirements() - explained() == set()
