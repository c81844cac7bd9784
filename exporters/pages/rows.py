"""The inventory page's row for each endpoint; a pure function of its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from exporters.wording import short_state, version_name
from model.certificates.lifetime import Lifetime, span_text
from model.findings.finding import FindingStatus, Outcome, RuleResult, Severity
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import Strength, strength_by_name
from model.snapshot import EndpointStatus
from model.target import Target
from model.verdict import Verdict

Mark = Literal["good", "warning", "bad", "plain"]
_OLD: Final = ProtocolVersion.TLSV1_2
_MARKS: Final[dict[Strength, Mark]] = {
    Strength.INSECURE: "bad",
    Strength.WEAK: "warning",
    Strength.LEGACY: "plain",
    Strength.SECURE: "good",
    Strength.RECOMMENDED: "good",
}


@frozen
class Badge:
    """A few words, and whether they are good or bad."""

    text: str
    mark: Mark
    title: str = ""


@frozen
class Row:
    """One endpoint; ``rank`` puts the worst first."""

    target: str
    name: str
    place: str
    address: str
    labels: tuple[str, ...]
    state: Badge
    versions: tuple[Badge, ...]
    strength: Badge | None
    expiry: Badge | None
    trust: Badge | None
    findings: tuple[Badge, ...]
    unknown: int
    last_probe_at: datetime
    rank: tuple[int, float]


@frozen
class Totals:
    """The figures at the top of the page."""

    endpoints: int
    not_answering: int
    ending: int
    untrusted: int
    findings: int


def row_of(status: EndpointStatus, now: datetime) -> Row:
    """The row of the status as of ``now``."""
    observation = status.observation
    target = observation.endpoint.target
    expiry, left = _expiry(status, now)
    findings = _findings(status)
    trust = _trust(status)
    badness = _badness(status, trust)
    return Row(
        target=target.key,
        name=_name(target),
        place=f"{target.host}:{target.port}",
        address=observation.endpoint.address or "",
        labels=tuple(f"{name}={text}" for name, text in sorted(target.labels.items())),
        state=_state(status),
        versions=tuple(_versions(status)),
        strength=_strength(status),
        expiry=expiry,
        trust=trust,
        findings=findings,
        unknown=sum(fact.verdict is Verdict.UNKNOWN for fact in observation.protocols.values()),
        last_probe_at=status.last_probe_at,
        rank=(-badness, left),
    )


def _name(target: Target) -> str:
    """The target's usual name: its server name if that differs from the host."""
    is_named_otherwise = target.server_name is not None and target.server_name != target.host
    name = target.server_name if is_named_otherwise else target.key
    return name or target.key


def totals_of(rows: Sequence[Row]) -> Totals:
    """The figures over all rows."""
    return Totals(
        endpoints=len(rows),
        not_answering=sum(row.state.mark == "bad" for row in rows),
        ending=sum(row.expiry is not None and row.expiry.mark != "good" for row in rows),
        untrusted=sum(row.trust is not None and row.trust.mark == "bad" for row in rows),
        findings=sum(bool(row.findings) for row in rows),
    )


def matching(rows: Iterable[Row], wanted: str) -> list[Row]:
    """The rows whose target, address or labels contain every word of ``wanted``."""
    words = wanted.lower().split()
    return [
        row
        for row in rows
        if all(word in " ".join((row.target, row.address, *row.labels)).lower() for word in words)
    ]


def _state(status: EndpointStatus) -> Badge:
    observation = status.observation
    if observation.answered_as_tls:
        return Badge(
            text=short_state(observation.state), mark="good", title=observation.reason or ""
        )
    return Badge(text=short_state(observation.state), mark="bad", title=observation.reason or "")


def _versions(status: EndpointStatus) -> Iterable[Badge]:
    for version, fact in sorted(status.observation.protocols.items(), reverse=True):
        short = version_name(version)
        if fact.verdict is Verdict.YES:
            mark: Mark = "bad" if version < _OLD else "good"
            yield Badge(text=short, mark=mark, title="accepted")
        elif fact.verdict is Verdict.UNKNOWN:
            yield Badge(text=f"{short}?", mark="warning", title="unknown")


def _strength(status: EndpointStatus) -> Badge | None:
    """The weakest strength that is accepted, with the number of its suites."""
    counted = Counter(
        strength_by_name(name) or Strength.INSECURE
        for found in status.observation.cipher_suites.values()
        for name in found.accepted
    )
    for strength in Strength:
        if counted[strength]:
            return Badge(
                text=strength.value,
                mark=_MARKS[strength],
                title=f"{counted[strength]} of {counted.total()} suites are {strength.value}",
            )
    return None


def _expiry(status: EndpointStatus, now: datetime) -> tuple[Badge | None, float]:
    """The expiry of the leaf that expires first, marked in relation to its lifetime; and the seconds left."""
    leaves = [
        (deployment.leaf.not_after, deployment.leaf.not_before)
        for deployment in status.observation.own_certificates
        if deployment.leaf.not_after is not None
    ]
    if not leaves:
        return None, float("inf")
    not_after, not_before = min(leaves, key=lambda ends: ends[0])
    left = (not_after - now).total_seconds()
    lifetime = Lifetime.of(not_before, not_after)
    mark: Mark = "good"
    if left <= 0 or (lifetime is not None and now >= lifetime.critical_at):
        mark = "bad"
    elif lifetime is not None and now >= lifetime.warning_at:
        mark = "warning"
    return Badge(text=_span(left), mark=mark, title=f"{not_after:%Y-%m-%d %H:%M} UTC"), left


def _span(seconds: float) -> str:
    """The time in words that fit a column: ``12 days``, ``3 hours``, ``expired 3 days ago``."""
    words = span_text(timedelta(seconds=seconds))
    return words if seconds > 0 else f"expired {words} ago"


def _trust(status: EndpointStatus) -> Badge | None:
    own = status.observation.own_certificates
    if not own:
        return None
    for deployment in own:
        if deployment.hostname_matches is Verdict.NO:
            return Badge(text="wrong name", mark="bad", title="the leaf is for other names")
        verdicts = {trust.verdict for trust in deployment.trust.values()}
        if Verdict.YES not in verdicts:
            reasons = [trust.reason for trust in deployment.trust.values() if trust.reason]
            if Verdict.UNKNOWN in verdicts:
                return Badge(text="unknown", mark="warning", title=" ".join(reasons))
            return Badge(text="not trusted", mark="bad", title=" ".join(reasons))
    return Badge(text="trusted", mark="good")


def _open(status: EndpointStatus) -> tuple[list[RuleResult], list[RuleResult]]:
    """The open violations, and the open results that prove nothing."""
    is_open = [one.result for one in status.findings if one.status is FindingStatus.OPEN]
    violations = [one for one in is_open if one.outcome is not Outcome.UNKNOWN]
    return violations, [one for one in is_open if one.outcome is Outcome.UNKNOWN]


def _findings(status: EndpointStatus) -> tuple[Badge, ...]:
    failing, unknown = _open(status)
    counted = Counter(one.severity for one in failing)
    violations = tuple(
        Badge(text=f"{counted[severity]} {severity.value}", mark=_mark_of(severity))
        for severity in reversed(Severity)
        if counted[severity]
    )
    if not unknown:
        return violations
    names = ", ".join(one.rule for one in unknown)
    title = f"not verified: {names}"
    return (*violations, Badge(text=f"{len(unknown)} unknown", mark="plain", title=title))


def _mark_of(severity: Severity) -> Mark:
    if severity in {Severity.CRITICAL, Severity.HIGH}:
        return "bad"
    return "warning" if severity is Severity.MEDIUM else "plain"


def _badness(status: EndpointStatus, trust: Badge | None) -> int:
    failing, _ = _open(status)
    worst = max((one.severity.rank + 1 for one in failing), default=0)
    is_down = not status.observation.answered_as_tls
    is_untrusted = trust is not None and trust.mark == "bad"
    return worst + 10 * is_untrusted + 20 * is_down
