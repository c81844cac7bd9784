"""The policy results of an endpoint, and when its facts last changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.families.unknown import UNPROVED
from model.findings.counts import open_unknown, open_violations
from model.findings.finding import FindingStatus, Severity
from model.snapshot import EndpointStatus
from model.verdict import Verdict


def _compliant(status: EndpointStatus) -> Iterator[Sample]:
    for policy, verdict in status.compliance.items():
        if verdict is not Verdict.UNKNOWN:
            yield (policy,), float(verdict is Verdict.YES)


def _open_findings(status: EndpointStatus) -> Iterator[Sample]:
    counted = Counter((one.policy, one.severity) for one in open_violations(status.findings))
    for policy in status.compliance:
        for severity in Severity:
            yield (policy, severity.value), float(counted[policy, severity])


def _unknown_findings(status: EndpointStatus) -> Iterator[Sample]:
    counted = Counter((one.policy, one.cause or UNPROVED) for one in open_unknown(status.findings))
    for policy, reason in sorted(counted):
        yield (policy, reason), float(counted[policy, reason])


def _waived_findings(status: EndpointStatus) -> Iterator[Sample]:
    counted = Counter(
        finding.result.policy
        for finding in status.findings
        if finding.status is FindingStatus.WAIVED
    )
    for policy in status.compliance:
        yield (policy,), float(counted[policy])


def _waived_rules(status: EndpointStatus) -> Iterator[Sample]:
    """A rule is waived if a waiver covers each of its findings here, whatever policy they are of."""
    waived, is_open = (
        {
            (finding.result.rule.replace("-", "_"), finding.result.rule_id or "")
            for finding in status.findings
            if finding.status is wanted
        }
        for wanted in (FindingStatus.WAIVED, FindingStatus.OPEN)
    )
    for names in sorted(waived - is_open):
        yield names, 1.0


def _config_changed(status: EndpointStatus) -> Iterator[Sample]:
    if status.config_changed_at is not None:
        yield (), status.config_changed_at.timestamp()


def _certificate_changed(status: EndpointStatus) -> Iterator[Sample]:
    if status.certificate_changed_at is not None:
        yield (), status.certificate_changed_at.timestamp()


POLICY_FAMILIES: Final = (
    Family(
        name="policy_compliant",
        help="1 if the endpoint meets every rule of the policy, 0 if it violates one.",
        example="avg by (policy) (tlsprobe_policy_compliant)",
        labels=("policy",),
        samples=_compliant,
    ),
    Family(
        name="findings",
        help="Number of open violations by severity, without waived ones.",
        example='sum by (policy) (tlsprobe_findings{severity=~"high|critical"})',
        labels=("policy", "severity"),
        samples=_open_findings,
    ),
    Family(
        name="findings_unknown",
        help="Number of open findings of rules that are neither proved to be met nor violated; "
        "absent if there are none.",
        example='tlsprobe_findings_unknown{reason="inconclusive"}',
        labels=("policy", "reason"),
        samples=_unknown_findings,
    ),
    Family(
        name="findings_waived",
        help="Number of findings that are waived by a waiver that has not expired.",
        example="sum by (policy) (tlsprobe_findings_waived)",
        labels=("policy",),
        samples=_waived_findings,
    ),
    Family(
        name="rule_waived",
        help="1 for each rule all of whose findings at the endpoint are waived; absent otherwise. "
        "In its name, - is replaced by _. The alerts on facts use it.",
        example='tlsprobe_rule_waived{rule_id="TP-TLS-001"}',
        labels=("rule", "rule_id"),
        samples=_waived_rules,
    ),
    Family(
        name="config_changed_timestamp_seconds",
        help="Time at which the endpoint's facts last changed from one visit to the next; absent "
        "if they never did.",
        example="time() - tlsprobe_config_changed_timestamp_seconds < 3600",
        samples=_config_changed,
    ),
    Family(
        name="cert_changed_timestamp_seconds",
        help="Time at which a leaf certificate last changed from one visit to the next; absent if "
        "none ever did.",
        example="time() - tlsprobe_cert_changed_timestamp_seconds < 3600",
        samples=_certificate_changed,
    ),
)
