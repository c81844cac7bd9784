"""The report as JUnit XML, which every CI system shows: a suite per endpoint, a case per rule.

The form is that of Ant and of Jenkins' JUnit plug-in. A rule that applies to an endpoint and has no finding
there (it is met, or not applicable) is a case that passes. A violated rule is a failure. A rule that is not
proved to be met is an error, because the test could not be done. A rule that is waived, or that the visit did not
ask about, is skipped. An endpoint that was not reached has an error of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.encoding.times_json import time_to_json
from model.findings.finding import FindingStatus, Outcome
from model.safe_output.xml_text import Element, element

_COUNTED: Final = ("failure", "error", "skipped")
_PLURALS: Final = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def write_junit(report: Report) -> str:
    """The suites under one root; the properties of each include the report's hash."""
    root = element("testsuites", name="tlsprobe")
    digest = report_digest(report)
    for endpoint in report.endpoints:
        root.append(_suite(report, endpoint, digest))
    cases = list(root.iter("testcase"))
    root.attrib.update(_counts(cases))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(report: Report, endpoint: ReportedEndpoint, digest: str) -> Element:
    suite = element(
        "testsuite",
        name=endpoint.key,
        timestamp=f"{endpoint.last_probe_at:%Y-%m-%dT%H:%M:%S}",
        hostname=endpoint.address or "",
    )
    properties = element("properties")
    suite.append(properties)
    for name, text in (
        ("tool_version", endpoint.tool_version),
        ("report_generated_at", time_to_json(report.generated_at) or ""),
        ("report_sha256", digest),
        ("unknown", ", ".join(endpoint.unknown)),
        *((f"label:{name}", text) for name, text in endpoint.labels.items()),
    ):
        properties.append(element("property", name=name, value=text))
    cases = list(_cases(report, endpoint))
    suite.extend(cases)
    suite.attrib.update(_counts(cases))
    return suite


def _cases(report: Report, endpoint: ReportedEndpoint) -> Iterator[Element]:
    if not endpoint.is_reached:
        case = _case("tlsprobe", "reachable")
        case.append(element("error", message=words.state(endpoint), type="unknown"))
        yield case
    found_of = {
        (found.finding.result.policy, found.finding.result.rule): found
        for found in endpoint.findings
    }
    for policy in report.policies:
        if policy.name not in endpoint.compliance:
            continue
        for rule in policy.rules:
            if (policy.name, rule.rule) not in found_of and endpoint.is_reached:
                case = _case(policy.name, rule.rule)
                outcome = endpoint.outcomes.get(policy.name, {}).get(rule.rule)
                if outcome is Outcome.NOT_ASKED:
                    case.append(element("skipped", message="the visit did not ask about it"))
                yield case
    for (policy_name, rule_name), found in found_of.items():
        case = _case(policy_name, rule_name)
        case.append(_verdict(found))
        yield case


def _case(policy: str, rule: str) -> Element:
    return element("testcase", classname=policy, name=rule, time="0")


def _verdict(found: ReportedFinding) -> Element:
    finding, result = found.finding, found.finding.result
    if finding.status is FindingStatus.WAIVED:
        return element("skipped", message=f"waived by {words.waived(finding)}")
    is_failure = result.outcome is Outcome.FAIL
    lines = [
        f"rule: {result.rule_label}",
        f"requirement: {result.requirement} ({result.required})",
        f"observed: {result.observed}",
        f"source: {result.source}",
        f"outcome: {words.outcome(finding)}",
        f"first seen: {words.minute(finding.first_seen_at)}",
        f"fingerprint: {finding.fingerprint}",
    ]
    if finding.waiver is not None:
        lines.append(f"waiver: {words.waived(finding)}")
    if found.remedy is not None:
        lines += [f"fix for {found.remedy.server}, {found.remedy.place}:", *found.remedy.lines]
    return element(
        "failure" if is_failure else "error",
        lines=lines,
        message=result.violation,
        type=result.severity.value,
    )


def _counts(cases: list[Element]) -> dict[str, str]:
    counts = {"tests": str(len(cases))}
    for kind in _COUNTED:
        counts[_PLURALS[kind]] = str(sum(case.find(kind) is not None for case in cases))
    return counts
