"""What stands as alerts for Alertmanager's API v2 (``POST /api/v2/alerts``), which groups, mutes and repeats.

An alert must be told again before its ``endsAt``; one whose Alert has ended is told once more, with an
``endsAt`` that has come.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final

from exporters.notifications.message import Message
from model.encoding.times_json import time_to_json
from model.findings.alert import Alert, NoticeKind
from model.findings.finding import Severity

_NAMES: Final = {
    NoticeKind.FINDING: "TlsprobeFinding",
    NoticeKind.EXPIRY: "TlsprobeCertificateExpiry",
}
_SEVERITIES: Final = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "warning",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFO: "info",
}
"""As our alert rules have them; ``finding_severity`` has our own."""

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]|^(?=[0-9])")


def render_alertmanager(message: Message) -> bytes:
    """All that stands, and the events that are ends."""
    ends = [event for event in message.events if event.kind.is_end]
    alerts = [_alert(notice, message.valid_until) for notice in message.standing]
    alerts += [_alert(event.notice, event.at) for event in ends]
    return json.dumps(alerts).encode()


def _alert(notice: Alert, ends_at: datetime) -> dict[str, Any]:
    return {
        "labels": _labels(notice),
        "annotations": {
            "summary": f"{notice.target}: {notice.title}",
            "description": f"Found: {notice.observed}. Required: {notice.required}.",
            "addresses": ", ".join(notice.addresses),
        },
        "startsAt": time_to_json(min(notice.since, ends_at)),
        "endsAt": time_to_json(ends_at),
    }


def _labels(notice: Alert) -> dict[str, str]:
    """Ours, which tell alerts apart, and the owner's, to route by; ours win."""
    labels = {_NOT_IN_A_NAME.sub("_", name): value for name, value in notice.labels.items() if name}
    ours = {
        "alertname": _NAMES[notice.kind],
        "severity": _SEVERITIES[notice.severity],
        "finding_severity": notice.severity.value,
        "target": notice.target,
        "policy": notice.policy,
        "rule": notice.rule,
        "certificate": None if notice.certificate is None else notice.certificate[:16],
    }
    labels.update({name: value for name, value in ours.items() if value is not None})
    return labels
