"""How much of each endpoint the page of the inventory shows; the bound of series is a number here.

Counts stand for names where names would be many: a fleet of ten thousand endpoints is held by one
Prometheus at the standard detail, and nothing that an alert rule or a dashboard of ours asks for is
left out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Detail(StrEnum):
    """From few series to many; each has all of those before it."""

    COUNTS = "counts"
    """No series for a single cipher suite, feature or group: they are counted."""
    STANDARD = "standard"
    """Also each weak or insecure suite, and the features that are asked for most."""
    ALL = "all"
    """Also each suite, group and feature, what was excluded, and the keys and names of issuers."""

    def covers(self, other: Detail) -> bool:
        """Whether what is of ``other`` is shown."""
        order = list(Detail)
        return order.index(self) >= order.index(other)


MOST_OF_A_FAMILY: Final = 100
"""Series of one family that an endpoint gets: a server may send a chain of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOptions:
    """``most_series`` is how many series an endpoint may have in all; the rest is dropped and counted."""

    detail: Detail = Detail.STANDARD
    most_series: int = 1000
