"""Notices to JSON values and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from model.encoding.times_json import time_from_json, time_to_json
from model.findings.alert import Alert, NoticeKind
from model.findings.finding import Severity

Json: TypeAlias = dict[str, Any]


def notice_to_json(notice: Alert) -> Json:
    """The notice."""
    return {
        "key": notice.key,
        "kind": notice.kind.value,
        "target": notice.target,
        "addresses": list(notice.addresses),
        "labels": dict(notice.labels),
        "severity": notice.severity.value,
        "policy": notice.policy,
        "rule": notice.rule,
        "title": notice.title,
        "observed": notice.observed,
        "required": notice.required,
        "is_proved": notice.is_proved,
        "since": time_to_json(notice.since),
        "reopened": notice.reopened,
        "certificate": notice.certificate,
        "ends_at": time_to_json(notice.ends_at),
    }


def notice_from_json(fields: Json) -> Alert:
    """The notice. Raises KeyError, ValueError."""
    return Alert(
        kind=NoticeKind(fields["kind"]),
        target=fields["target"],
        addresses=tuple(fields["addresses"]),
        labels=dict(fields["labels"]),
        severity=Severity(fields["severity"]),
        policy=fields["policy"],
        rule=fields["rule"],
        title=fields["title"],
        observed=fields["observed"],
        required=fields["required"],
        is_proved=fields["is_proved"],
        since=datetime.fromisoformat(fields["since"]),
        reopened=fields["reopened"],
        certificate=fields["certificate"],
        ends_at=time_from_json(fields["ends_at"]),
    )
