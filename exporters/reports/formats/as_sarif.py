"""The report as SARIF 2.1.0 (OASIS, 2020), which the code-scanning pages of forges accept.

A rule of a policy is a reporting descriptor, and a finding is a result: ``fail`` with the level of its
severity, or ``open`` if nothing is proved (3.27.9). The descriptor's id is the rule's identifier, its name
the rule's name. If a report uses one rule several times, policy and name follow the identifier, as the
components of a hierarchical id. A waiver is an accepted suppression. An endpoint has no file, so its location
is its key as a relative URI; endpoints that were not reached are notifications of the tool (3.58). Brackets
and braces in messages are escaped, because they would be links and arguments (3.11.5, 3.11.6).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from exporters.reports import words
from exporters.reports.report import PolicyRule, Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.encoding.remediation_json import remedy_to_json
from model.encoding.times_json import time_to_json
from model.findings.finding import FindingStatus, Outcome, Severity
from model.safe_output.one_line import clean

Json: TypeAlias = dict[str, Any]
_Use: TypeAlias = tuple[str, str]
"""A policy, and the name of one of its rules."""

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
    indexes = {use: index for index, use in enumerate(rules)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "tlsprobe",
                "version": report.tool_version,
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": "tlsprobe/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [
            _result(endpoint, found, rules[use]["id"], indexes[use])
            for endpoint, found in report.findings()
            for use in (found.finding.result.identity,)
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
    """``text`` as a plain message without links and arguments."""
    shown = clean(text).replace("\\", "\\\\")
    for char, written in (("[", "\\["), ("]", "\\]"), ("{", "{{"), ("}", "}}")):
        shown = shown.replace(char, written)
    return shown


def _rules(report: Report) -> dict[_Use, Json]:
    """All rules in force, and those of findings whose policy is no longer in force."""
    uses = {(policy.name, rule.rule): rule for policy in report.policies for rule in policy.rules}
    for _, one in report.findings():
        result = one.finding.result
        gone = PolicyRule(
            rule=result.rule,
            rule_id=result.rule_id,
            severity=result.severity,
            requirement=result.requirement,
            violation=result.violation,
            required=result.required,
            source=result.source,
        )
        uses.setdefault(result.identity, gone)
    counts = Counter(rule.rule_id for rule in uses.values())
    return {
        use: _descriptor(_sarif_id(use, rule, is_alone=counts[rule.rule_id] == 1), rule)
        for use, rule in uses.items()
    }


def _sarif_id(use: _Use, rule: PolicyRule, *, is_alone: bool) -> str:
    """The identifier; with policy and name after it if the report uses the rule several times."""
    if rule.rule_id is not None and is_alone:
        return rule.rule_id
    return "/".join(filter(None, (rule.rule_id, *use)))


def _descriptor(sarif_id: str, rule: PolicyRule) -> Json:
    return {
        "id": sarif_id,
        "name": rule.rule,
        "shortDescription": {"text": message(rule.violation)},
        "fullDescription": {"text": message(rule.requirement)},
        "help": {"text": f"Required: {message(rule.required)}. Source: {message(rule.source)}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SECURITY_SEVERITIES[rule.severity],
            "tags": ["security", "tls"],
        },
    }


def _result(
    endpoint: ReportedEndpoint, found: ReportedFinding, sarif_id: str, rule_index: int
) -> Json:
    finding, rule = found.finding, found.finding.result
    is_failure = rule.outcome is Outcome.FAIL
    result: Json = {
        "ruleId": sarif_id,
        "ruleIndex": rule_index,
        "kind": "fail" if is_failure else "open",
        "level": _LEVELS[rule.severity] if is_failure else "none",
        "message": {"text": f"{message(endpoint.key)}: {message(rule.violation)}"},
        "locations": [_location(endpoint)],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
        "properties": {
            "policy": rule.policy,
            "severity": rule.severity.value,
            "observed": rule.observed,
            "required": rule.required,
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
                "justification": clean(words.waived(finding)),
            }
        ]
    return result


def _location(endpoint: ReportedEndpoint) -> Json:
    # A lone surrogate has no UTF-8 encoding; a URI shows it as its escape.
    uri = quote(clean(endpoint.key), safe="")
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
        "logicalLocations": [{"fullyQualifiedName": clean(endpoint.key), "kind": "resource"}],
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
                "text": f"Not reached: {message(endpoint.key)}: {message(words.state(endpoint))}"
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
        "unknown": list(endpoint.unknown),
        "compliance": {name: verdict.value for name, verdict in endpoint.compliance.items()},
    }
