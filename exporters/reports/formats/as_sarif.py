"""The report as SARIF 2.1.0 (OASIS, 2020), which code-scanning pages of forges take.

A rule of a policy is a reporting descriptor, a finding a result: ``fail`` with the level of its
severity, or ``open`` where nothing is proved (3.27.9). A waiver is an accepted suppression. An endpoint
has no file, so its location is its key as a relative URI; endpoints that were not reached are
notifications of the tool (3.58). In messages, brackets would be links and braces would be arguments
(3.11.5, 3.11.6), so they are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from exporters.reports import words
from exporters.reports.report import PolicyRule, Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.encoding.remediation_json import remedy_to_json
from model.encoding.times_json import time_to_json
from model.findings.finding import FindingStatus, Outcome, Severity

Json: TypeAlias = dict[str, Any]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SECURITY_SEVERITIES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""In the middle of the ranges that GitHub gives these words."""


def write_sarif(report: Report) -> str:
    """One log with one run, indented."""
    rules = _rules(report)
    indexes = {rule["id"]: index for index, rule in enumerate(rules)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "tlsprobe",
                "version": report.tool_version,
                "rules": rules,
            }
        },
        "automationDetails": {"id": "tlsprobe/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [
            _result(endpoint, found, indexes[_rule_id(found)])
            for endpoint, found in report.findings()
        ],
        "properties": {
            "report_sha256": report_digest(report),
            "generated_at": time_to_json(report.generated_at),
            "endpoints": [_endpoint(endpoint) for endpoint in report.endpoints],
            "policies": {policy.name: policy.digest for policy in report.policies},
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def message(text: str) -> str:
    """``text`` as a plain message that holds no link and no argument."""
    clean = words.clean(text).replace("\\", "\\\\")
    for char, written in (("[", "\\["), ("]", "\\]"), ("{", "{{"), ("}", "}}")):
        clean = clean.replace(char, written)
    return clean


def _rules(report: Report) -> list[Json]:
    """All rules in force, and those of findings whose policy is in force no more."""
    found: dict[str, Json] = {}
    for policy in report.policies:
        for rule in policy.rules:
            rule_id = f"{policy.name}/{rule.rule}"
            found.setdefault(rule_id, _descriptor(rule_id, rule))
    for _, one in report.findings():
        result = one.finding.result
        gone = PolicyRule(
            rule=result.rule,
            severity=result.severity,
            title=result.title,
            required=result.required,
            source=result.source,
        )
        found.setdefault(_rule_id(one), _descriptor(_rule_id(one), gone))
    return list(found.values())


def _rule_id(found: ReportedFinding) -> str:
    return f"{found.finding.result.policy}/{found.finding.result.rule}"


def _descriptor(rule_id: str, rule: PolicyRule) -> Json:
    title = message(rule.title)
    return {
        "id": rule_id,
        "name": rule.rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title} Required: {message(rule.required)}."},
        "help": {"text": f"Source: {message(rule.source)}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SECURITY_SEVERITIES[rule.severity],
            "tags": ["security", "tls"],
        },
    }


def _result(endpoint: ReportedEndpoint, found: ReportedFinding, rule_index: int) -> Json:
    finding, rule = found.finding, found.finding.result
    is_failure = rule.outcome is Outcome.FAIL
    text = (
        f"{message(endpoint.key)}: {message(rule.title)} "
        f"Observed: {message(rule.observed)}. Required: {message(rule.required)}."
    )
    result: Json = {
        "ruleId": _rule_id(found),
        "ruleIndex": rule_index,
        "kind": "fail" if is_failure else "open",
        "level": _LEVELS[rule.severity] if is_failure else "none",
        "message": {"text": text},
        "locations": [_location(endpoint)],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
        "properties": {
            "severity": rule.severity.value,
            "outcome": rule.outcome.value,
            "status": finding.status.value,
            "first_seen_at": time_to_json(finding.first_seen_at),
            "last_seen_at": time_to_json(finding.last_seen_at),
            "source": rule.source,
            "evidence": None if rule.evidence is None else rule.evidence.note,
            "remedy": remedy_to_json(found.remedy),
        },
    }
    if finding.waiver is not None:
        is_waived = finding.status is FindingStatus.WAIVED
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted" if is_waived else "rejected",
                "justification": words.clean(words.waived(finding)),
            }
        ]
    return result


def _location(endpoint: ReportedEndpoint) -> Json:
    # A lone surrogate has no UTF-8; a URI shows it as its escape.
    uri = quote(words.clean(endpoint.key), safe="")
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": words.clean(endpoint.key), "kind": "resource"}],
    }


def _invocation(report: Report) -> Json:
    return {
        "executionSuccessful": True,
        "endTimeUtc": time_to_json(report.generated_at),
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[Json]:
    for endpoint in report.not_reached:
        yield {
            "level": "warning",
            "message": {
                "text": f"Not reached: {message(endpoint.key)} {message(words.state(endpoint))}"
            },
            "locations": [_location(endpoint)],
            "timeUtc": time_to_json(endpoint.last_probe_at),
        }


def _endpoint(endpoint: ReportedEndpoint) -> Json:
    return {
        "endpoint": endpoint.key,
        "labels": dict(endpoint.labels),
        "state": endpoint.state,
        "tool_version": endpoint.tool_version,
        "last_probe_at": time_to_json(endpoint.last_probe_at),
        "last_success_at": time_to_json(endpoint.last_success_at),
        "not_learnt": list(endpoint.unknown),
        "compliance": {name: verdict.value for name, verdict in endpoint.compliance.items()},
    }
