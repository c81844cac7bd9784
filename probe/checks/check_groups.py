"""The parts of a visit by the names that users give them."""

from __future__ import annotations

from collections.abc import Iterable

from probe.checks.catalogue import ASKED_PARTS
from probe.checks.part import Part


def part_names() -> list[str]:
    """All names, in the order in which the parts are asked."""
    return [part.value for part in Part if part in ASKED_PARTS]


def parse_parts(names: Iterable[str]) -> frozenset[Part]:
    """Returns the named parts, and always the versions, on which all other parts build.

    Raises:
        ValueError: for an unknown name; the message lists the known ones.
    """
    parts = {Part.VERSIONS}
    for name in names:
        if name not in part_names():
            raise ValueError(f"unknown check {name!r}: use {', '.join(part_names())}")
        parts.add(Part(name))
    return frozenset(parts)
