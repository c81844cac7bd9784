"""One row for each endpoint, which the pages list, count and filter; a pure function of its status.

Nothing in a row depends on the time, so an endpoint that has not changed keeps its row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from exporters.pages.unproven import Unproven, unproven
from exporters.reports.report import standing_by
from exporters.wording import COMPLIANCE, short_state, version_name
from model.certificates.lifetime import Lifetime, span_text
from model.findings.counts import open_unknown, open_violations, worst_severity
from model.findings.finding import Severity
from model.frozen import frozen
from model.judging.quantum import post_quantum_establishment
from model.judging.trust import endpoint_trust
from model.observation import State
from model.protocol_version import ProtocolVersion
from model.records.fleet_count import accepted_versions, suites_by_strength
from model.registry import Strength
from model.snapshot import EndpointStatus
from model.target import Target
from model.verdict import Verdict

Mark = Literal["good", "warning", "bad", "unknown", "plain"]
_OLD: Final = ProtocolVersion.TLSV1_2
STANDING_MARKS: Final[Mapping[Verdict | None, Mark]] = {
    Verdict.YES: "good",
    Verdict.NO: "bad",
    Verdict.UNKNOWN: "unknown",
    None: "plain",
}
_TRUST_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.YES: "trusted",
    Verdict.NO: "not trusted",
    Verdict.UNKNOWN: "unknown",
}
_POST_QUANTUM: Final[Mapping[Verdict, tuple[str, Mark]]] = {
    Verdict.YES: ("post-quantum key exchange", "good"),
    Verdict.NO: ("no post-quantum key exchange", "plain"),
    Verdict.UNKNOWN: ("post-quantum key exchange unknown", "unknown"),
}
STRENGTH_MARKS: Final[Mapping[Strength, Mark]] = {
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
class Expiry:
    """When the leaf that expires first expires; ``lifetime`` is None if its start cannot be read."""

    not_after: datetime
    lifetime: Lifetime | None

    def badge(self, now: datetime) -> Badge:
        """The time left, marked in relation to the lifetime."""
        left = (self.not_after - now).total_seconds()
        title = f"{self.not_after:%Y-%m-%d %H:%M} UTC"
        return Badge(text=_span(left), mark=self.mark(now), title=title)

    def mark(self, now: datetime) -> Mark:
        """Good while a client that renews certificates would not have renewed this one."""
        if self.not_after <= now or (self.lifetime and now >= self.lifetime.critical_at):
            return "bad"
        return "warning" if self.lifetime and now >= self.lifetime.warning_at else "good"


@frozen
class Row:
    """One endpoint. ``badness`` puts the worst first; ``haystack`` is the text that a search looks at.

    ``standing`` is its compliance with all policies, None without a policy; ``worst`` the severity of its worst
    open violation. ``weakest`` is the lowest strength that it accepts, ``accepted`` the labels of its versions.
    """

    status: EndpointStatus
    key: str
    target: str
    name: str
    place: str
    address: str
    labels: tuple[str, ...]
    state: Badge
    versions: tuple[Badge, ...]
    accepted: frozenset[str]
    strength: Badge | None
    weakest: Strength | None
    expiry: Expiry | None
    trust: Badge | None
    standing: Verdict | None
    compliance: Badge
    findings: tuple[Badge, ...]
    worst: Severity | None
    unproven: tuple[Unproven, ...]
    post_quantum: Verdict
    badness: int
    haystack: str

    @property
    def answered(self) -> bool:
        """Whether the endpoint answered the newest visit."""
        return self.status.observation.answered

    @property
    def speaks_tls(self) -> bool:
        """Whether it answered with TLS."""
        return self.status.observation.state is State.TLS

    @property
    def post_quantum_badge(self) -> Badge | None:
        """Whether post-quantum key exchange is proved; None for an endpoint that does not answer."""
        text, mark = _POST_QUANTUM[self.post_quantum]
        return Badge(text=text, mark=mark) if self.answered else None


def row_of(status: EndpointStatus) -> Row:
    """The row of the status."""
    observation = status.observation
    target = observation.endpoint.target
    address = observation.endpoint.address or ""
    labels = tuple(f"{name}={text}" for name, text in sorted(target.labels.items()))
    strength, weakest = _strength(status)
    trust = _trust(status)
    worst = worst_severity(status.findings)
    standing = standing_by(status.compliance)
    return Row(
        status=status,
        key=observation.endpoint.key,
        target=target.key,
        name=_name(target),
        place=f"{target.host}:{target.port}",
        address=address,
        labels=labels,
        state=_state(status),
        versions=tuple(_versions(status)),
        accepted=accepted_versions(observation),
        strength=strength,
        weakest=weakest,
        expiry=_expiry(status),
        trust=trust,
        standing=standing,
        compliance=Badge(text=COMPLIANCE[standing], mark=STANDING_MARKS[standing]),
        findings=_findings(status),
        worst=worst,
        unproven=tuple(unproven(observation)),
        post_quantum=post_quantum_establishment(observation),
        badness=_badness(status, worst, trust),
        haystack="\0".join((target.key, address, *labels)).lower(),
    )


def _name(target: Target) -> str:
    """The target's usual name: its server name if that differs from the host."""
    is_named_otherwise = target.server_name is not None and target.server_name != target.host
    name = target.server_name if is_named_otherwise else target.key
    return name or target.key


def _state(status: EndpointStatus) -> Badge:
    observation = status.observation
    if observation.answered:
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
            yield Badge(text=f"{short}?", mark="unknown", title="unknown")


def _strength(status: EndpointStatus) -> tuple[Badge, Strength] | tuple[None, None]:
    """The weakest strength that is accepted, with the number of its suites."""
    counted = suites_by_strength(status.observation)
    for strength in Strength:
        if counted[strength]:
            title = f"{counted[strength]} of {counted.total()} suites are {strength.value}"
            badge = Badge(text=strength.value, mark=STRENGTH_MARKS[strength], title=title)
            return badge, strength
    return None, None


def _expiry(status: EndpointStatus) -> Expiry | None:
    leaves = [
        (deployment.leaf.not_after, deployment.leaf.not_before)
        for deployment in status.observation.own_certificates
        if deployment.leaf.not_after is not None
    ]
    if not leaves:
        return None
    not_after, not_before = min(leaves, key=lambda ends: ends[0])
    return Expiry(not_after=not_after, lifetime=Lifetime.of(not_before, not_after))


def _span(seconds: float) -> str:
    """The time in words that fit a column: ``12 days``, ``3 hours``, ``expired 3 days ago``."""
    words = span_text(timedelta(seconds=seconds))
    return words if seconds > 0 else f"expired {words} ago"


def _trust(status: EndpointStatus) -> Badge | None:
    trust = endpoint_trust(status.observation)
    if trust is None:
        return None
    text = "wrong name" if trust.is_for_other_names else _TRUST_WORDS[trust.verdict]
    return Badge(text=text, mark=STANDING_MARKS[trust.verdict], title=trust.reason)


def _findings(status: EndpointStatus) -> tuple[Badge, ...]:
    unknown = open_unknown(status.findings)
    counted = Counter(one.severity for one in open_violations(status.findings))
    violations = tuple(
        Badge(text=f"{counted[severity]} {severity.value}", mark=severity_mark(severity))
        for severity in reversed(Severity)
        if counted[severity]
    )
    if not unknown:
        return violations
    names = ", ".join(one.rule for one in unknown)
    title = f"not verified: {names}"
    return (*violations, Badge(text=f"{len(unknown)} unknown", mark="unknown", title=title))


def severity_mark(severity: Severity) -> Mark:
    """Critical and high are bad, medium is a warning."""
    if severity in {Severity.CRITICAL, Severity.HIGH}:
        return "bad"
    return "warning" if severity is Severity.MEDIUM else "plain"


def _badness(status: EndpointStatus, worst: Severity | None, trust: Badge | None) -> int:
    severity = 0 if worst is None else worst.rank + 1
    is_down = not status.observation.answered
    is_untrusted = trust is not None and trust.mark == "bad"
    return severity + 10 * is_untrusted + 20 * is_down
