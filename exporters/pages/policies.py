"""The policies in force: what each asks, how many endpoints fail it, and how two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporters.pages.links import page_link
from exporters.pages.rows import STANDING_MARKS, Badge, Row, severity_mark
from exporters.reports import PolicyRule, PolicyText
from exporters.wording import COMPLIANCE
from model.findings.finding import FindingStatus, Outcome
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

_NOT_JUDGED = Badge(text="does not apply", mark="plain")


def policy_views(
    policies: Sequence[PolicyText], rows: Sequence[Row]
) -> Iterator[Mapping[str, Any]]:
    """Each policy with its rules and how many endpoints violate each of them."""
    violated = Counter(
        finding.result.identity
        for row in rows
        for finding in row.status.findings
        if finding.status is FindingStatus.OPEN and finding.result.outcome is Outcome.FAIL
    )
    verdicts = Counter(pair for row in rows for pair in row.status.compliance.items())
    for policy in policies:
        yield {
            "policy": policy,
            "rules": [
                _rule(policy, rule, violated[policy.name, rule.rule]) for rule in policy.rules
            ],
            **{verdict.value: verdicts[policy.name, verdict] for verdict in Verdict},
        }


def _rule(policy: PolicyText, rule: PolicyRule, failing: int) -> tuple[PolicyRule, Badge, int, str]:
    severity = Badge(text=rule.severity.value, mark=severity_mark(rule.severity))
    link = page_link("/findings", by="endpoint", policy=policy.name, rule=rule.rule, status="open")
    return rule, severity, failing, link


@frozen
class Allowed:
    """What only one of two policies allows: versions, groups, or the suites of some versions."""

    what: str
    by_first: tuple[str, ...]
    by_second: tuple[str, ...]


@frozen
class Differing:
    """An endpoint of which two policies say different things."""

    row: Row
    first: Badge
    second: Badge


def allowed_by_one(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Allowed]:
    """The lines of the comparison; ``first`` and ``second`` are what only that policy allows, as JSON values."""
    versions = [list(map(_version, one["versions"])) for one in (first, second)]
    yield from _allowed("Versions", *versions)
    of_first, of_second = first["cipher_suites"], second["cipher_suites"]
    labels: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for label in sorted({*of_first, *of_second}):
        suites = tuple(of_first.get(label, ())), tuple(of_second.get(label, ()))
        labels.setdefault(suites, []).append(_version(label))
    for (by_first, by_second), names in labels.items():
        yield from _allowed(f"Cipher suites at {', '.join(names)}", by_first, by_second)
    yield from _allowed("Groups", first["groups"], second["groups"])


def differing_verdicts(rows: Sequence[Row], first: str, second: str) -> list[Differing]:
    """The endpoints with another verdict by ``first`` than by ``second``, the worst first."""
    found = [row for row in rows if _verdict(row, first) != _verdict(row, second)]
    return [
        Differing(row=row, first=_badge(row, first), second=_badge(row, second))
        for row in sorted(found, key=lambda row: -row.badness)
    ]


def _version(label: str) -> str:
    return ProtocolVersion.from_label(label).display_name


def _allowed(what: str, by_first: Sequence[str], by_second: Sequence[str]) -> Iterator[Allowed]:
    if by_first or by_second:
        yield Allowed(what=what, by_first=tuple(by_first), by_second=tuple(by_second))


def _verdict(row: Row, policy: str) -> Verdict | None:
    return row.status.compliance.get(policy)


def _badge(row: Row, policy: str) -> Badge:
    verdict = _verdict(row, policy)
    if verdict is None:
        return _NOT_JUDGED
    return Badge(text=COMPLIANCE[verdict], mark=STANDING_MARKS[verdict])
