"""The overview: the fleet's compliance and expiry, and what could not be proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from exporters.pages.endpoint_list import EndpointFilter, in_order
from exporters.pages.links import endpoint_link
from exporters.pages.overview.charts import LineChart, expiry_calendar, line_chart
from exporters.pages.rows import Badge, Mark, Row
from model.frozen import frozen
from model.query import ComplianceCount
from model.records.fleet_count import Accepted, FleetCount, fleet_count, served_leaves
from model.verdict import Verdict

_WEEKS: Final = 13
_NEXT_SHOWN: Final = 10
_UNPROVEN_SHOWN: Final = 12
_SOON: Final = "30"


@frozen
class Tile:
    """One number with its words; ``link`` leads to what it counts."""

    count: int
    words: str
    link: str
    mark: Mark = "plain"


@frozen
class PolicyTrend:
    """How many endpoints a policy applies to, how many are compliant, and the share over the last weeks."""

    policy: str
    counts: Mapping[Verdict, int]
    chart: LineChart | None

    @property
    def judged(self) -> int:
        """To how many endpoints it applies."""
        return sum(self.counts.values())


def past_moments(now: datetime) -> tuple[datetime, ...]:
    """The times of the past that the overview shows, oldest first."""
    return tuple(now - timedelta(weeks=ago) for ago in range(_WEEKS, 0, -1))


def policy_trends(
    rows: Sequence[Row], past: Sequence[ComplianceCount], now: datetime
) -> tuple[PolicyTrend, ...]:
    """The compliance with each policy, now and at ``past_moments``."""
    current: dict[str, Counter[Verdict]] = {}
    for row in rows:
        for policy, verdict in row.status.compliance.items():
            current.setdefault(policy, Counter())[verdict] += 1
    earlier: dict[tuple[str, datetime], Counter[Verdict]] = {}
    for one in past:
        earlier.setdefault((one.policy, one.at), Counter())[one.verdict] += one.endpoints
    trends = []
    for policy, counts in sorted(current.items()):
        every = [
            *((at, earlier.get((policy, at), Counter())) for at in past_moments(now)),
            (now, counts),
        ]
        shares = [(at, found[Verdict.YES], found.total()) for at, found in every]
        chart = line_chart(f"Compliant with {policy}", shares)
        trends.append(PolicyTrend(policy=policy, counts=counts, chart=chart))
    return tuple(trends)


def fleet_values(rows: Sequence[Row], now: datetime) -> Mapping[str, Any]:
    """What the overview shows of the newest facts."""
    by_expiry = in_order((row for row in rows if row.expiry), "expiry")
    leaves = {
        chain.leaf.sha256: chain.leaf.not_after
        for row in rows
        for chain in row.status.observation.own_certificates
        if chain.leaf.not_after is not None
    }
    return {
        "tiles": tuple(_tiles(rows, now)),
        "next": [(row, endpoint_link(row)) for row in by_expiry[:_NEXT_SHOWN]],
        "calendar": expiry_calendar(leaves.values(), now),
        "unproven": _unproven(rows),
    }


def count_of(rows: Sequence[Row], now: datetime) -> FleetCount:
    """What the endpoints of ``rows`` accept."""
    return fleet_count(
        (
            Accepted(
                versions=row.accepted,
                weakest=row.weakest,
                post_quantum=row.post_quantum is Verdict.YES,
                leaves=served_leaves(row.status.observation),
            )
            for row in rows
            if row.speaks_tls
        ),
        now,
    )


def _tiles(rows: Sequence[Row], now: datetime) -> Iterator[Tile]:
    standings = Counter(row.standing for row in rows)
    silent = sum(not row.answered for row in rows)
    soon = EndpointFilter(expires=_SOON)
    near = len(soon.chosen(rows, now))
    yield Tile(count=len(rows), words="endpoints", link="/endpoints")
    marks: tuple[tuple[Verdict, str, Mark], ...] = (
        (Verdict.YES, "compliant", "good"),
        (Verdict.NO, "not compliant", "bad"),
        (Verdict.UNKNOWN, "not proved to be compliant", "unknown"),
    )
    for verdict, words, mark in marks:
        count = standings[verdict]
        link = EndpointFilter(compliance=verdict.value).link()
        yield Tile(count=count, words=words, link=link, mark=mark if count else "plain")
    yield Tile(
        count=near,
        words=f"with a certificate that expires within {_SOON} days",
        link=soon.link(),
        mark="warning" if near else "plain",
    )
    yield Tile(
        count=silent,
        words="do not answer",
        link=EndpointFilter(answer="no").link(),
        mark="bad" if silent else "plain",
    )


def _unproven(rows: Sequence[Row]) -> Sequence[tuple[str, str, Badge]]:
    counts = Counter(one for row in rows for one in set(row.unproven))
    return [
        (one.fact, one.why, Badge(text=str(count), mark="unknown"))
        for one, count in counts.most_common(_UNPROVEN_SHOWN)
    ]
