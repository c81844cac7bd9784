"""One metric family of the inventory: its name, its labels, and how a status becomes samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from model.snapshot import EndpointStatus

PREFIX: Final = "tlsprobe_"
IDENTITY: Final = ("target", "address")
"""The labels that every series of an endpoint begins with."""

LONGEST_LABEL: Final = 200
"""Characters of a label's value that are kept; a server chose some of them."""

LONGEST_KEY: Final = 1000
"""A target's key is never cut, for it identifies: two host names and a port are shorter."""

MOST_SERIES: Final = 1000
"""Series of one family that an endpoint gets: a server may send a chain of any length."""

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of a family's own labels, and the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A gauge. ``name`` is without prefix, ``labels`` without those of ``IDENTITY``."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: Callable[[EndpointStatus], Iterator[Sample]]


def label_value(text: str, longest: int = LONGEST_LABEL) -> str:
    """``text`` as a label's value: bounded, printable, and encodable whatever it held."""
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if shown.isprintable():
        return shown
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
    )
