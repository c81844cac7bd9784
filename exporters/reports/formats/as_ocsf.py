"""The report as OCSF 1.3.0: one Compliance Finding (class 2003) a line, in JSON.

A finding is a check that failed, or that gave no result; so is an endpoint that was not reached. Times are milliseconds
since 1970, and in the attributes of the profile ``datetime`` RFC 3339. The SHA-256 of the report's data connects all
lines (``metadata.correlation_uid``). A waived finding is suppressed, and the comment says by whom and until when.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.encoding.times_json import time_to_json
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.safe_output.one_line import clean

Json: TypeAlias = dict[str, Any]

OCSF_VERSION: Final = "1.3.0"
_CLASS: Final = 2003
_SEVERITIES: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_STATUSES: Final = {
    FindingStatus.OPEN: (1, "New"),
    FindingStatus.WAIVED: (3, "Suppressed"),
    FindingStatus.RESOLVED: (4, "Resolved"),
}
_FAIL: Final = (3, "Fail")
_NO_RESULT: Final = (2, "Warning")
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_NOT_REACHED: Final = "The endpoint was not reached"


def write_ocsf(report: Report) -> str:
    """A line for each finding, worst first, and for each endpoint that was not reached."""
    digest = report_digest(report)
    lines = [
        *(
            _found(endpoint, one, _metadata(report, endpoint, digest))
            for endpoint, one in report.findings()
        ),
        *(_unreached(one, _metadata(report, one, digest)) for one in report.not_reached),
    ]
    return "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines)


def _metadata(report: Report, endpoint: ReportedEndpoint, digest: str) -> Json:
    return {
        "version": OCSF_VERSION,
        "profiles": ["datetime"],
        "product": {
            "name": "tlsprobe",
            "vendor_name": "tlsprobe",
            "version": endpoint.tool_version,
        },
        "correlation_uid": digest,
        **_time("processed_time", report.generated_at),
    }


def _found(endpoint: ReportedEndpoint, found: ReportedFinding, metadata: Json) -> Json:
    finding, rule = found.finding, found.finding.result
    severity_id, severity = _SEVERITIES[rule.severity]
    compliance = {
        "standards": [clean(rule.policy)],
        "control": clean(rule.rule_label),
        "requirements": [clean(rule.requirement)],
        "status_detail": clean(f"observed: {rule.observed}; required: {rule.required}"),
    }
    info = {
        "uid": finding.fingerprint,
        "title": clean(rule.violation),
        "desc": clean(f"{rule.requirement} ({rule.source})"),
        "types": [clean(rule.rule)],
        **_time("created_time", finding.first_seen_at),
        **_time("first_seen_time", finding.first_seen_at),
        **_time("last_seen_time", finding.last_seen_at),
    }
    is_failure = rule.outcome is Outcome.FAIL
    event = _event(endpoint, _activity(finding), finding.last_seen_at, rule.violation)
    return {
        **event,
        "metadata": {**metadata, **({"event_code": rule.rule_id} if rule.rule_id else {})},
        "severity_id": severity_id,
        "severity": severity,
        **_status(*_STATUSES[finding.status]),
        "compliance": {**compliance, **_status(*(_FAIL if is_failure else _NO_RESULT))},
        "finding_info": info,
        "remediation": {"desc": _remedy(found), "references": [clean(rule.source)]},
        **({} if finding.waiver is None else {"comment": clean(words.waived(finding))}),
    }


def _unreached(endpoint: ReportedEndpoint, metadata: Json) -> Json:
    """An endpoint whose checks have no result, with the reason."""
    at = endpoint.last_probe_at
    return {
        **_event(endpoint, _UPDATE, at, _NOT_REACHED),
        "metadata": metadata,
        "severity_id": 0,
        "severity": "Unknown",
        **_status(*_STATUSES[FindingStatus.OPEN]),
        "compliance": {
            "standards": sorted(map(clean, endpoint.compliance)) or ["tlsprobe"],
            "control": "reachable",
            "status_detail": clean(words.state(endpoint)),
            **_status(*_NO_RESULT),
        },
        "finding_info": {
            "uid": clean(f"{endpoint.key} not reached"),
            "title": _NOT_REACHED,
            **_time("last_seen_time", at),
        },
    }


def _event(endpoint: ReportedEndpoint, activity: tuple[int, str], at: datetime, said: str) -> Json:
    """What every event has: its class, its time, its message and the endpoint."""
    activity_id, activity_name = activity
    return {
        "category_uid": _CLASS // 1000,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "activity_id": activity_id,
        "activity_name": activity_name,
        "type_uid": _CLASS * 100 + activity_id,
        "type_name": f"Compliance Finding: {activity_name}",
        **_time("time", at),
        "message": clean(f"{endpoint.target}: {said}"),
        "resources": list(_resources(endpoint)),
    }


def _resources(endpoint: ReportedEndpoint) -> Iterator[Json]:
    """The endpoint, and the AWS resources that its labels name."""
    labels = [clean(f"{name}:{value}") for name, value in sorted(endpoint.labels.items())]
    yield {
        "uid": clean(endpoint.key),
        "name": clean(endpoint.target),
        "type": "endpoint",
        "labels": labels,
    }
    for value in sorted(set(endpoint.labels.values())):
        if value.startswith("arn:"):
            yield {"uid": clean(value), "type": "AWS resource"}


def _activity(finding: Finding) -> tuple[int, str]:
    if finding.status is FindingStatus.RESOLVED:
        return _CLOSE
    return _CREATE if finding.first_seen_at == finding.last_seen_at else _UPDATE


def _status(status_id: int, status: str) -> Json:
    return {"status_id": status_id, "status": status}


def _remedy(found: ReportedFinding) -> str:
    remedy = found.remedy
    if remedy is None:
        return clean(f"Required: {found.finding.result.required}")
    return clean(f"{remedy.server}, {remedy.place}: {' '.join(remedy.lines)}")


def _time(name: str, at: datetime) -> Json:
    """The time as a number, and as text: ``time`` and ``time_dt``."""
    return {name: int(at.timestamp() * 1000), f"{name}_dt": time_to_json(at)}
