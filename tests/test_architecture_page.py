"""docs/explanation/architecture.md: the drawing has every package, and every class of the glossary exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")


def test_the_diagram_has_every_package() -> None:
    drawing = PAGE.split("```mermaid")[1].split("```")[0]
    drawn = set(re.findall(r'[\[("]+(\w+)[:"]', drawing))
    assert {*PACKAGES, "tlsprobe"} <= drawn


def test_every_class_of_the_glossary_exists() -> None:
    glossary = PAGE.split("## Glossary")[1]
    first_cells = re.findall(r"^\| ([^|]+) \|", glossary, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    code = "".join(
        file.read_text(encoding="utf-8")
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
    )
    assert named
    defined = re.findall(r"^(?:class )?(\w+)(?:[\[(:]| =)", code, re.MULTILINE)
    assert named - set(defined) == set()
