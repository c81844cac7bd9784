"""The content of the executive page: compliance by team now and by week, the worst, and what expires soon.

Earlier compliance is part of the Report, which counted it from earlier Snapshots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from exporters.reports.expiry import Expiring, expiring_within
from exporters.reports.report import PastStandings, Report, ReportedEndpoint
from model.findings.finding import Finding, FindingStatus, Severity
from model.frozen import frozen
from model.verdict import Verdict

_WORST_SHOWN: Final = 10
_HORIZON_DAYS: Final = 60
_GRAVE: Final = (Severity.CRITICAL, Severity.HIGH)


@frozen
class Team:
    """The endpoints with one value of the label: their number by compliance, now and earlier.

    ``before`` is (compliant, judged) for each time on the page.
    """

    name: str
    endpoints: int
    standings: Mapping[Verdict | None, int]
    grave: int
    before: tuple[tuple[int, int], ...]


@frozen
class Offender:
    """An endpoint with its open findings by severity, and the time since which the oldest is open."""

    endpoint: ReportedEndpoint
    open: Mapping[Severity, int]
    since: datetime


@frozen
class ExecutivePage:
    """``judged`` endpoints have a policy, ``compliant`` ones are proved to meet theirs."""

    judged: int
    compliant: int
    teams: tuple[Team, ...]
    moments: tuple[datetime, ...]
    worst: tuple[Offender, ...]
    expiring: tuple[Expiring, ...]
    horizon_days: int


def executive_page(report: Report) -> ExecutivePage:
    """The figures; teams by name, endpoints without the label last."""
    members: dict[str | None, list[ReportedEndpoint]] = {}
    for endpoint in report.endpoints:
        members.setdefault(endpoint.labels.get(report.grouped_by), []).append(endpoint)
    names = sorted(members, key=lambda name: (name is None, name or ""))
    standings = [endpoint.standing for endpoint in report.endpoints]
    return ExecutivePage(
        judged=sum(standing is not None for standing in standings),
        compliant=standings.count(Verdict.YES),
        teams=tuple(_team(name, members[name], report) for name in names),
        moments=tuple(past.at for past in report.history),
        worst=_worst(report),
        expiring=expiring_within(report, _HORIZON_DAYS),
        horizon_days=_HORIZON_DAYS,
    )


def _team(name: str | None, endpoints: Sequence[ReportedEndpoint], report: Report) -> Team:
    current = [found.finding for endpoint in endpoints for found in endpoint.findings]
    return Team(
        name=name if name is not None else f"no {report.grouped_by}",
        endpoints=len(endpoints),
        standings=Counter(endpoint.standing for endpoint in endpoints),
        grave=sum(_is_open(one) and one.result.severity in _GRAVE for one in current),
        before=tuple(_before(past, name or "") for past in report.history),
    )


def _before(past: PastStandings, team: str) -> tuple[int, int]:
    counts = past.teams.get(team, {})
    return counts.get(Verdict.YES, 0), sum(counts.values())


def _is_open(finding: Finding) -> bool:
    return finding.status is FindingStatus.OPEN


def _worst(report: Report) -> tuple[Offender, ...]:
    offenders = []
    for endpoint in report.endpoints:
        still_open = [found.finding for found in endpoint.findings if _is_open(found.finding)]
        if still_open:
            offenders.append(
                Offender(
                    endpoint=endpoint,
                    open=Counter(one.result.severity for one in still_open),
                    since=min(one.first_seen_at for one in still_open),
                )
            )
    offenders.sort(key=_badness)
    return tuple(offenders[:_WORST_SHOWN])


def _badness(offender: Offender) -> tuple[list[int], datetime, str]:
    """By number of the most severe findings, then the oldest first."""
    counts = [-offender.open[severity] for severity in reversed(Severity)]
    return counts, offender.since, offender.endpoint.key
