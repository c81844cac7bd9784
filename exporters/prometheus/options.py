"""How much of each endpoint the inventory's page shows, including the maximum number of series.

The standard detail shows counts instead of long lists of names: one Prometheus can hold a fleet of ten
thousand endpoints. It includes everything that our alert rules and dashboards use.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from model.frozen import frozen


class Detail(StrEnum):
    """From few series to many; each level includes the ones before it."""

    COUNTS = "counts"
    """No series for single cipher suites, features or groups: they are counted."""
    STANDARD = "standard"
    """Also each weak or insecure suite, and the most requested features."""
    ALL = "all"
    """Also each suite, group and feature, what was excluded, and the keys and names of issuers."""

    def covers(self, other: Detail) -> bool:
        """Whether this level shows what belongs to ``other``."""
        order = list(Detail)
        return order.index(self) >= order.index(other)


MOST_OF_A_FAMILY: Final = 100
"""The maximum number of series of one family for an endpoint: a server may send a chain of any length."""


@frozen
class MetricOptions:
    """``most_series`` is the maximum number of series for an endpoint; the rest is dropped and counted."""

    detail: Detail = Detail.STANDARD
    most_series: int = 1000
