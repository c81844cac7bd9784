"""Reads one registry table, a CSV file that ships inside this package."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of ``data/NAME.csv``, each a mapping from column to text."""
    text = (files("model.registry") / "data" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def code_point_name(code_point: int) -> str:
    """The notation for a code point without a name: ``0xABCD``."""
    return f"0x{code_point:04X}"
