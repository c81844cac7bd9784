"""Which alerts are active in a Snapshot, and for which targets it proves that others have ended.

A target that does not answer proves nothing: silence does not renew its certificate, and its findings are not
resolved while its name cannot be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import is_
from typing import Final

from model.certificates.certificate import Certificate
from model.certificates.lifetime import Lifetime
from model.encoding.times_json import time_to_json
from model.findings.alert import Alert, AlertKind
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.frozen import frozen
from model.safe_output.printable import printable
from model.snapshot import EndpointStatus, Snapshot

_LONGEST_TEXT: Final = 300
_LONGEST_NAME: Final = 120
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@frozen
class ActiveAlerts:
    """``alerts`` are the active ones by key; ``waived`` has the keys of findings with a waiver in force.

    ``seen`` are the targets of the Snapshot. The name of each target in ``resolving`` led to an address; each
    target in ``showing`` showed its certificates at every address.
    """

    at: datetime
    alerts: Mapping[str, Alert]
    waived: frozenset[str]
    seen: frozenset[str]
    resolving: frozenset[str]
    showing: frozenset[str]

    def has_ended(self, key: str, alert: Alert) -> bool:
        """Whether it is proved that ``alert``, which was reported under ``key``, is no longer active."""
        proved = self.showing if alert.kind is AlertKind.EXPIRY else self.resolving
        return key not in self.alerts and alert.target in proved


@frozen
class _TargetAlerts:
    """The active alerts of one target, valid for exactly these ``statuses`` until ``until``."""

    statuses: tuple[EndpointStatus, ...]
    until: datetime
    alerts: Mapping[str, Alert]
    waived: frozenset[str]

    def holds(self, statuses: Sequence[EndpointStatus], at: datetime) -> bool:
        """Whether no status has changed, and no certificate has reached the next severity, since it was built."""
        return (
            at < self.until
            and len(statuses) == len(self.statuses)
            and all(map(is_, statuses, self.statuses))
        )


class ActiveAlertsBuilder:
    """Builds the ActiveAlerts of successive Snapshots of one inventory; unchanged targets are reused."""

    def __init__(self) -> None:
        self._targets: dict[str, _TargetAlerts] = {}

    def build(self, snapshot: Snapshot) -> ActiveAlerts:
        """The alerts that are active at the time of ``snapshot``, which must not be older than the last one."""
        by_target: dict[str, list[EndpointStatus]] = {}
        for status in snapshot.endpoints:
            by_target.setdefault(status.observation.endpoint.target.key, []).append(status)
        at, before = snapshot.taken_at, self._targets
        targets = {}
        for target, statuses in by_target.items():
            one = before.get(target)
            targets[target] = (
                one if one is not None and one.holds(statuses, at) else _alerts_at(statuses, at)
            )
        self._targets = targets
        alerts: dict[str, Alert] = {}
        for one in targets.values():
            alerts.update(one.alerts)
        return ActiveAlerts(
            at=at,
            alerts=alerts,
            waived=frozenset(key for one in targets.values() for key in one.waived),
            seen=frozenset(by_target),
            resolving=frozenset(
                target for target, statuses in by_target.items() if all(map(_has_address, statuses))
            ),
            showing=frozenset(
                target
                for target, statuses in by_target.items()
                if all(map(_shows_chains, statuses))
            ),
        )


def active_alerts_of(snapshot: Snapshot) -> ActiveAlerts:
    """The alerts that are active at the time of ``snapshot``."""
    return ActiveAlertsBuilder().build(snapshot)


def _alerts_at(statuses: Sequence[EndpointStatus], at: datetime) -> _TargetAlerts:
    alerts = {alert.key: alert for alert in _of_findings(statuses, FindingStatus.OPEN)}
    alerts.update((alert.key, alert) for alert in _of_certificates(statuses, at))
    waived = {alert.key for alert in _of_findings(statuses, FindingStatus.WAIVED)}
    return _TargetAlerts(
        statuses=tuple(statuses),
        until=min((step for step in _steps(statuses) if step > at), default=_NEVER),
        alerts=alerts,
        waived=frozenset(waived - alerts.keys()),
    )


def _steps(statuses: Sequence[EndpointStatus]) -> Iterator[datetime]:
    """The times at which the severity of a certificate's alert changes."""
    for status in statuses:
        for deployment in status.observation.certificates:
            for leaf in deployment.chain[:1]:
                if life := Lifetime.of(leaf.not_before, leaf.not_after):
                    yield from (life.warning_at, life.critical_at, life.not_after)


def _has_address(status: EndpointStatus) -> bool:
    return status.observation.endpoint.address is not None


def _shows_chains(status: EndpointStatus) -> bool:
    return status.observation.answered and bool(status.observation.certificates)


def _of_findings(statuses: Sequence[EndpointStatus], wanted: FindingStatus) -> Iterator[Alert]:
    """One alert for each rule, with all addresses that do not meet it; the worst finding provides the texts."""
    by_rule: dict[tuple[str, str], list[tuple[Finding, EndpointStatus]]] = {}
    for status in statuses:
        for finding in status.findings:
            if finding.status is wanted:
                asked = (finding.result.policy, finding.result.rule)
                by_rule.setdefault(asked, []).append((finding, status))
    for (policy, rule), found in by_rule.items():
        worst = max(
            (finding for finding, _ in found),
            key=lambda finding: (
                finding.result.outcome is Outcome.FAIL,
                finding.result.severity.rank,
            ),
        )
        target = found[0][1].observation.endpoint.target
        yield Alert(
            kind=AlertKind.FINDING,
            target=target.key,
            addresses=_addresses(status for _, status in found),
            labels=target.labels,
            severity=worst.result.severity,
            policy=policy,
            rule=rule,
            rule_id=worst.result.rule_id,
            violation=printable(worst.result.violation, limit=_LONGEST_TEXT),
            requirement=printable(worst.result.requirement, limit=_LONGEST_TEXT),
            observed=printable(worst.result.observed, limit=_LONGEST_TEXT),
            required=printable(worst.result.required, limit=_LONGEST_TEXT),
            is_proved=worst.result.outcome is Outcome.FAIL,
            since=min(finding.first_seen_at for finding, _ in found),
            reopened=max(finding.reopened for finding, _ in found),
        )


def _of_certificates(statuses: Sequence[EndpointStatus], at: datetime) -> Iterator[Alert]:
    """One alert for each leaf that has expired, or whose expiry is near in relation to its lifetime."""
    served: dict[str, tuple[Certificate, list[EndpointStatus]]] = {}
    for status in statuses:
        for deployment in status.observation.certificates:
            for leaf in deployment.chain[:1]:
                _, at_places = served.setdefault(leaf.sha256, (leaf, []))
                at_places.append(status)
    for leaf, places in served.values():
        life = Lifetime.of(leaf.not_before, leaf.not_after)
        severity = None if life is None else _severity(life, at)
        if life is None or severity is None:
            continue
        target = places[0].observation.endpoint.target
        name = printable(leaf.subject or leaf.sha256, limit=_LONGEST_NAME)
        verb = "expired" if at >= life.not_after else "expires"
        yield Alert(
            kind=AlertKind.EXPIRY,
            target=target.key,
            addresses=_addresses(places),
            labels=target.labels,
            severity=severity,
            # The day, not the time left: an alert is sent again for days with the same text.
            violation=f"Certificate {name} {verb} on {life.not_after.astimezone(UTC):%Y-%m-%d}",
            requirement="The certificate must be renewed in time",
            observed=f"its validity ends at {time_to_json(life.not_after)}",
            required=f"renewal by {time_to_json(life.renewal_at)}, as ACME clients do",
            since=life.warning_at,
            certificate=leaf.sha256,
            not_after=life.not_after,
        )


def _severity(life: Lifetime, at: datetime) -> Severity | None:
    if at >= life.not_after:
        return Severity.CRITICAL
    if at >= life.critical_at:
        return Severity.HIGH
    return Severity.MEDIUM if at >= life.warning_at else None


def _addresses(statuses: Iterator[EndpointStatus] | Sequence[EndpointStatus]) -> tuple[str, ...]:
    found = {status.observation.endpoint.address or "" for status in statuses}
    return tuple(sorted(found - {""}))
