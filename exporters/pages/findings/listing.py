"""The findings of all endpoints, grouped by rule or by endpoint, as the filters of the URL want them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, TypeAlias

from exporters.pages.findings.cards import finding_mark, finding_title, in_order, waiver_name
from exporters.pages.links import endpoint_link, finding_link, waive_link
from exporters.pages.list_filters import ListFilter
from exporters.pages.rows import Badge, Mark, Row
from exporters.word_search import with_words
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.frozen import frozen

_MEMBERS_SHOWN: Final = 10
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "by": {"rule": "by rule", "endpoint": "by endpoint"},
    "status": {"open": "violations", "unknown": "not proved", "waived": "waived"},
    "severity": {one.value: f"{one.value} or worse" for one in reversed(Severity)},
}


@frozen
class FindingFilter(ListFilter):
    """The filters of the findings."""

    path = "/findings"
    choices = CHOICES
    order = "by"

    by: str = "rule"
    status: str = ""
    severity: str = ""
    policy: str = ""
    rule: str = ""
    q: str = ""

    def chosen(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Finding]]:
        """The findings that pass all filters, with their endpoints."""
        least = Severity(self.severity).rank if self.severity else 0
        for row in with_words(rows, attrgetter("haystack"), self.q):
            for finding in row.status.findings:
                if self._has(finding, least):
                    yield row, finding

    def _has(self, finding: Finding, least: int) -> bool:
        result = finding.result
        return (
            finding.status is not FindingStatus.RESOLVED
            and (not self.status or _status(finding) == self.status)
            and result.severity.rank >= least
            and (not self.policy or result.policy == self.policy)
            and (not self.rule or self.rule in {result.rule, result.rule_id})
        )


@frozen
class Member:
    """One line of a group: an endpoint, or a finding of the endpoint; ``history``, ``waiver`` and ``waive`` as on its card."""

    name: str
    link: str
    badge: Badge
    since: datetime
    history: str
    waiver: str
    waive: str


@frozen
class FindingGroup:
    """Findings of one rule, or of one endpoint; ``more`` is how many of them are not among ``members``."""

    title: str
    note: str
    link: str
    mark: Mark
    members: tuple[Member, ...]
    more: int
    count: int


Found: TypeAlias = Sequence[tuple[Row, Finding]]
"""The findings of one group, with their endpoints."""


def grouped(wanted: FindingFilter, rows: Sequence[Row]) -> list[Found]:
    """The findings of each group, the group to act on first."""
    groups: dict[tuple[str, ...], list[tuple[Row, Finding]]] = {}
    is_by_rule = wanted.by == "rule"
    for row, finding in wanted.chosen(rows):
        key = finding.result.identity if is_by_rule else (row.target, row.address)
        groups.setdefault(key, []).append((row, finding))
    return sorted(groups.values(), key=_urgency)


def finding_group(wanted: FindingFilter, found: Found) -> FindingGroup:
    """One of the groups, as the page shows it."""
    return _by_rule(wanted, found) if wanted.by == "rule" else _by_endpoint(found)


def _status(finding: Finding) -> str:
    if finding.status is FindingStatus.WAIVED:
        return "waived"
    return "unknown" if finding.result.outcome is Outcome.UNKNOWN else "open"


def _urgency(found: Found) -> tuple[int, int]:
    """Open violations by severity first, then by their number."""
    worst = max(
        finding.result.severity.rank if _status(finding) == "open" else -1 for _, finding in found
    )
    return -worst, -len(found)


def _by_rule(wanted: FindingFilter, found: Found) -> FindingGroup:
    first = in_order(finding for _, finding in found)[0]
    result = first.result
    members = [
        Member(
            name=row.name if row.name == row.target else f"{row.name} ({row.place})",
            link=endpoint_link(row),
            badge=_badge(finding),
            since=finding.first_seen_at,
            history=finding_link(row, finding.result),
            waiver=waiver_name(finding),
            waive=waive_link(row, finding.result),
        )
        for row, finding in found[:_MEMBERS_SHOWN]
    ]
    return FindingGroup(
        title=finding_title(result),
        note=f"{result.policy} · {result.rule_label} · {result.source}",
        link=wanted.link(by="endpoint", policy=result.policy, rule=result.rule),
        mark=finding_mark(first),
        members=tuple(members),
        more=len(found) - len(members),
        count=len(found),
    )


def _by_endpoint(found: Found) -> FindingGroup:
    row, _ = found[0]
    link = endpoint_link(row)
    ordered = in_order(finding for _, finding in found)
    members = [
        Member(
            name=finding_title(finding.result),
            link=link,
            badge=_badge(finding),
            since=finding.first_seen_at,
            history=finding_link(row, finding.result),
            waiver=waiver_name(finding),
            waive=waive_link(row, finding.result),
        )
        for finding in ordered[:_MEMBERS_SHOWN]
    ]
    return FindingGroup(
        title=row.name,
        note=" · ".join((row.place, row.address, *row.labels)),
        link=link,
        mark=finding_mark(ordered[0]),
        members=tuple(members),
        more=len(found) - len(members),
        count=len(found),
    )


def _badge(finding: Finding) -> Badge:
    status = _status(finding)
    severity = finding.result.severity.value
    return Badge(text=severity if status == "open" else status, mark=finding_mark(finding))
