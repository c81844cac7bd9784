"""The short form of a dashboard: panels with their queries, in rows of 24 columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SELECTED: Final = 'and on (target) tlsprobe_endpoint_labels{$label=~"$value"}'
"""Selects the targets whose owner's label has one of the chosen values."""

Kind = Literal["stat", "timeseries", "table", "bargauge", "piechart", "statetimeline"]
GREEN, YELLOW, RED, BLUE = "green", "orange", "red", "blue"
Step = tuple[float | None, str]

NEUTRAL: Final[tuple[Step, ...]] = ((None, BLUE),)
TROUBLE: Final[tuple[Step, ...]] = ((None, GREEN), (1, YELLOW), (10, RED))
ANY_IS_BAD: Final[tuple[Step, ...]] = ((None, GREEN), (1, RED))
MORE_IS_BETTER: Final[tuple[Step, ...]] = ((None, RED), (0.8, YELLOW), (0.99, GREEN))
ONE_IS_GOOD: Final[tuple[Step, ...]] = ((None, RED), (1, GREEN))
TIME_LEFT: Final[tuple[Step, ...]] = ((None, RED), (7 * 86400, YELLOW), (30 * 86400, GREEN))
LIFE_LEFT: Final[tuple[Step, ...]] = ((None, RED), (0.1, YELLOW), (0.25, GREEN))


def chosen(metric: str, matchers: str = "") -> str:
    """The series of a metric for the targets that the dashboard's variables select."""
    inner = ",".join(('target=~"$target"', *((matchers,) if matchers else ())))
    return f"({metric}{{{inner}}} {SELECTED})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query; ``legend`` names its series."""

    expr: str
    legend: str = "__auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel, ``width`` of 24 columns wide and ``height`` rows high.

    ``leads_to_endpoint`` is whether a click on a target opens its dashboard and its page.
    """

    kind: Kind
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    thresholds: tuple[Step, ...] = NEUTRAL
    width: int = 12
    height: int = 8
    leads_to_endpoint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; ``uid`` is without its prefix. ``scope`` determines its variables."""

    uid: str
    title: str
    description: str
    panels: tuple[Panel, ...]
    scope: Literal["fleet", "endpoint", "service"] = "fleet"


def stat(
    title: str,
    description: str,
    expr: str,
    unit: str = "short",
    thresholds: tuple[Step, ...] = NEUTRAL,
    width: int = 4,
) -> Panel:
    """One number."""
    return Panel(
        kind="stat",
        title=title,
        description=description,
        queries=(Query(expr=expr),),
        unit=unit,
        thresholds=thresholds,
        width=width,
        height=4,
    )


def table(
    title: str,
    description: str,
    expr: str,
    unit: str = "short",
    thresholds: tuple[Step, ...] = NEUTRAL,
    width: int = 12,
) -> Panel:
    """Targets, one per row, with a link to their own dashboard."""
    return Panel(
        kind="table",
        title=title,
        description=description,
        queries=(Query(expr=expr),),
        unit=unit,
        thresholds=thresholds,
        width=width,
        leads_to_endpoint=True,
    )
