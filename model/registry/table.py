"""Reads one registry table, a CSV file that ships inside this package."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).with_name("data")


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of ``data/NAME.csv``, each a mapping from column to text."""
    text = (_DATA / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def code_point_name(code_point: int) -> str:
    """The notation for a code point without a name: ``0xABCD``."""
    return f"0x{code_point:04X}"
