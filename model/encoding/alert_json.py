"""Alerts to JSON values and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from model.encoding.times_json import time_from_json, time_to_json
from model.findings.alert import Alert, AlertKind
from model.findings.finding import Severity

Json: TypeAlias = dict[str, Any]


def alert_to_json(alert: Alert) -> Json:
    """The alert."""
    return {
        "key": alert.key,
        "kind": alert.kind.value,
        "target": alert.target,
        "addresses": list(alert.addresses),
        "labels": dict(alert.labels),
        "severity": alert.severity.value,
        "policy": alert.policy,
        "rule": alert.rule,
        "rule_id": alert.rule_id,
        "violation": alert.violation,
        "requirement": alert.requirement,
        "observed": alert.observed,
        "required": alert.required,
        "is_proved": alert.is_proved,
        "since": time_to_json(alert.since),
        "reopened": alert.reopened,
        "certificate": alert.certificate,
        "not_after": time_to_json(alert.not_after),
    }


def alert_from_json(fields: Json) -> Alert:
    """The alert. Raises KeyError, ValueError."""
    kind = AlertKind(fields["kind"])
    violation, requirement = _texts(kind, fields)
    return Alert(
        kind=kind,
        target=fields["target"],
        addresses=tuple(fields["addresses"]),
        labels=dict(fields["labels"]),
        severity=Severity(fields["severity"]),
        policy=fields["policy"],
        rule=fields["rule"],
        rule_id=fields.get("rule_id"),
        violation=violation,
        requirement=requirement,
        observed=fields["observed"],
        required=fields["required"],
        is_proved=fields["is_proved"],
        since=datetime.fromisoformat(fields["since"]),
        reopened=fields["reopened"],
        certificate=fields["certificate"],
        not_after=time_from_json(fields["not_after"]),
    )


def _texts(kind: AlertKind, fields: Json) -> tuple[str, str]:
    """Violation and requirement. Older databases have one ``title``: a finding's requirement, or what expires."""
    if "violation" in fields:
        return fields["violation"], fields["requirement"]
    title = fields["title"]
    is_finding = kind is AlertKind.FINDING
    return (f"Not met: {title}", title) if is_finding else (title, fields["required"])
