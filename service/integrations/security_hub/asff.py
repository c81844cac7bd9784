"""Alerts as findings in the AWS Security Finding Format (ASFF, version 2018-10-08).

A finding is opened, updated and archived under one identifier, the key of its alert. Security Hub gives the fields of
people (workflow, note, severity) to them, so what we say of severity and type is in FindingProviderFields. The account
and the product are added when a finding is sent.
"""

from __future__ import annotations

import json
from typing import Any, Final

from exporters.notifications.message import Message
from model.encoding.times_json import time_to_json
from model.findings.alert import Alert, Event, EventKind
from model.findings.finding import Severity
from model.safe_output.printable import printable
from model.version import TOOL_VERSION

AUTHOR: Final = "tlsprobe"
"""Who writes our notes at findings."""
PREFIX: Final = "tlsprobe/"
"""What our identifiers of findings, and the names of our fields, begin with."""
MOST_FINDINGS: Final = 100
"""BatchImportFindings and BatchUpdateFindings take as many at once."""

_LONGEST_TITLE: Final = 256
_LONGEST_DESCRIPTION: Final = 1024
_LONGEST_GENERATOR: Final = 512
_LONGEST_RESOURCE: Final = 512
_LONGEST_VALUE: Final = 2048
_TYPE: Final = "Software and Configuration Checks/Industry and Regulatory Standards"
_LABELS: Final = {severity: severity.value.upper() for severity in Severity} | {
    Severity.INFO: "INFORMATIONAL"
}


def render_security_hub(message: Message) -> bytes:
    """What to import, and which findings waivers suppress: ``imported`` and ``suppressed`` of one JSON object.

    A message without events repeats the active alerts.
    """
    waived = [event for event in message.events if event.kind is EventKind.WAIVED]
    imported = [event for event in message.events if event.kind is not EventKind.WAIVED]
    if not message.events:
        imported = [
            Event(kind=EventKind.OPENED, at=message.at, alert=alert) for alert in message.active
        ]
    return json.dumps(
        {
            "imported": [_finding(event) for event in imported],
            "suppressed": [identifier(event.alert) for event in waived],
        }
    ).encode()


def identifier(alert: Alert) -> str:
    """The Id of the alert's finding."""
    return f"{PREFIX}{alert.key}"


def _finding(event: Event) -> dict[str, Any]:
    alert, at = event.alert, time_to_json(event.at)
    source = f"{alert.policy}/{alert.rule}" if alert.policy else "certificate-expiry"
    said = f"{alert.requirement}. Observed: {alert.observed}. Required: {alert.required}."
    return {
        "SchemaVersion": "2018-10-08",
        "Id": identifier(alert),
        "GeneratorId": printable(f"{PREFIX}{source}", limit=_LONGEST_GENERATOR),
        "CreatedAt": time_to_json(min(alert.since, event.at)),
        "UpdatedAt": at,
        "FirstObservedAt": time_to_json(min(alert.since, event.at)),
        "LastObservedAt": at,
        "Title": printable(f"{alert.target}: {alert.violation}", limit=_LONGEST_TITLE),
        "Description": printable(said, limit=_LONGEST_DESCRIPTION),
        "FindingProviderFields": {
            "Severity": {"Label": _LABELS[alert.severity], "Original": alert.severity.value},
            "Types": [_TYPE],
        },
        "Compliance": {"Status": _compliance(event)},
        "RecordState": "ARCHIVED" if event.kind.is_end else "ACTIVE",
        "ProductFields": _fields(alert),
        "Resources": [_resource(alert)],
    }


def _compliance(event: Event) -> str:
    """What is proved: a target that left the inventory, and a rule that is unknown, are neither."""
    if event.kind is EventKind.RESOLVED:
        return "PASSED"
    if event.kind is EventKind.TARGET_REMOVED or not event.alert.is_proved:
        return "NOT_AVAILABLE"
    return "FAILED"


def _fields(alert: Alert) -> dict[str, str]:
    """What identifies the alert, from which a suppressed finding becomes a waiver."""
    found = {
        "target": alert.target,
        "policy": alert.policy,
        "rule": alert.rule,
        "rule_id": alert.rule_id,
        "certificate": alert.certificate,
    }
    ours = {
        f"{PREFIX}{name}": printable(value, limit=_LONGEST_VALUE)
        for name, value in found.items()
        if value
    }
    return {"ProviderName": AUTHOR, "ProviderVersion": TOOL_VERSION, **ours}


def _resource(alert: Alert) -> dict[str, Any]:
    """The AWS resource that a label names, or the target."""
    arns = (value for value in alert.labels.values() if value.startswith("arn:"))
    details = {"target": alert.target, "addresses": ", ".join(alert.addresses)}
    return {
        "Type": "Other",
        "Id": printable(next(arns, alert.target), limit=_LONGEST_RESOURCE),
        "Details": {
            "Other": {
                name: printable(value, limit=_LONGEST_VALUE)
                for name, value in details.items()
                if value
            }
        },
    }
