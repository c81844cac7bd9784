"""Alertmanager's API v2 (``POST /api/v2/alerts``); Alertmanager itself groups, mutes and repeats.

An alert must be sent again before its ``endsAt``; an alert that has ended is sent once more, with an ``endsAt``
in the past.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import partial
from typing import Any, Final

from exporters.notifications.message import Message
from model.encoding.times_json import time_to_json
from model.findings.alert import Alert, AlertKind
from model.findings.finding import Severity
from service.integrations.notifier import Notifier, NotifierSettings, post_json
from service.integrations.timing import Timing
from service.integrations.web.settings import WebSettings

_NAMES: Final = {
    AlertKind.FINDING: "TlsprobeFinding",
    AlertKind.EXPIRY: "TlsprobeCertificateExpiry",
}
_SEVERITIES: Final = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "warning",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFO: "info",
}
"""The severities of our alert rules; the label ``finding_severity`` has the finding's own severity."""

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]|^(?=[0-9])")


class AlertmanagerSettings(NotifierSettings, WebSettings):
    """An Alertmanager; its settings include the root URL."""

    @property
    def timing(self) -> Timing:
        """Send at once."""
        return Timing(group_wait_seconds=0.0)


def render_alertmanager(message: Message) -> bytes:
    """All active alerts, and those that have ended."""
    ends = [event for event in message.events if event.kind.is_end]
    alerts = [_alert(alert, message.valid_until) for alert in message.active]
    alerts += [_alert(event.alert, event.at) for event in ends]
    return json.dumps(alerts).encode()


def _alert(alert: Alert, ends_at: datetime) -> dict[str, Any]:
    return {
        "labels": _labels(alert),
        "annotations": {
            "summary": f"{alert.target}: {alert.violation}",
            "description": f"Requirement: {alert.requirement} ({alert.required}).",
            "observed": alert.observed,
            "addresses": ", ".join(alert.addresses),
        },
        "startsAt": time_to_json(min(alert.since, ends_at)),
        "endsAt": time_to_json(ends_at),
    }


def _labels(alert: Alert) -> dict[str, str]:
    """Our labels, which identify the alert, and the owner's labels, for routing; ours take precedence."""
    labels = {_NOT_IN_A_NAME.sub("_", name): value for name, value in alert.labels.items() if name}
    ours = {
        "alertname": _NAMES[alert.kind],
        "severity": _SEVERITIES[alert.severity],
        "finding_severity": alert.severity.value,
        "target": alert.target,
        "policy": alert.policy,
        "rule": alert.rule,
        "rule_id": alert.rule_id,
        "certificate": None if alert.certificate is None else alert.certificate[:16],
    }
    labels.update({name: value for name, value in ours.items() if value is not None})
    return labels


ALERTMANAGER: Final = Notifier(
    name="alertmanager",
    settings=AlertmanagerSettings,
    render=render_alertmanager,
    connect=partial(post_json, path="/api/v2/alerts"),
    max_events=500,
    repeat_seconds=60.0,
)
