"""The parts of a visit by the names that users give."""

from __future__ import annotations

from collections.abc import Iterable

from probe.checks.catalogue import ASKED_PARTS
from probe.checks.part import Part


def part_names() -> list[str]:
    """All names, in the order in which the parts are asked."""
    return [part.value for part in Part if part in ASKED_PARTS]


def parse_parts(names: Iterable[str]) -> frozenset[Part]:
    """The parts named, and the versions, which all else builds on.

    Raises:
        ValueError: for a name that is no part's; the sentence lists those there are.
    """
    parts = {Part.VERSIONS}
    for name in names:
        if name not in part_names():
            raise ValueError(f"no check is called {name!r}: there are {', '.join(part_names())}")
        parts.add(Part(name))
    return frozenset(parts)
