"""The report as OSCAL assessment results (NIST's Open Security Controls Assessment Language, 1.1.3).

Each endpoint is an inventory item. Each visit and each finding's proof is an observation. Each rule that is
not met is a finding about the objective of that rule, with a risk: open, or a deviation that somebody
approved. A result that is not proved is ``not-satisfied`` for the reason ``other``, never satisfied. The
identifiers are derived from what they identify (RFC 9562, version 5), so equal data give equal documents.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from exporters.plurals import counted
from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.encoding.times_json import time_to_json
from model.findings.finding import FindingStatus, Outcome
from model.safe_output.markdown_text import block, plain
from model.safe_output.one_line import clean

Json: TypeAlias = dict[str, Any]

_OSCAL_VERSION: Final = "1.1.3"
_NAMESPACE: Final = "urn:tlsprobe:report"
_ROOT: Final = uuid5(NAMESPACE_URL, _NAMESPACE)
_NOT_IN_A_TOKEN: Final = re.compile(r"[^A-Za-z0-9_.-]")
_REASONS: Final = {Outcome.FAIL: "fail", Outcome.PASS: "pass"}


def write_oscal(report: Report) -> str:
    """The ``assessment-results`` document, indented."""
    document = _Document(report)
    return json.dumps({"assessment-results": document.fields()}, indent=2) + "\n"


class _Document:
    """One document: all its identifiers depend on the digest of the report's data."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._digest = report_digest(report)
        self._base = uuid5(_ROOT, self._digest)
        self._tool = self._id("tool")
        self._plan = self._id("plan")

    def fields(self) -> Json:
        report = self._report
        return {
            "uuid": str(self._base),
            "metadata": {
                "title": "TLS compliance report",
                "last-modified": time_to_json(report.generated_at),
                "version": time_to_json(report.generated_at),
                "oscal-version": _OSCAL_VERSION,
                "props": [_prop("report-sha256", self._digest)],
            },
            "import-ap": {"href": f"#{self._plan}"},
            "results": [self._result()],
            "back-matter": {"resources": [self._assessment_plan()]},
        }

    def _id(self, *parts: str) -> str:
        return str(uuid5(self._base, json.dumps(parts)))

    def _assessment_plan(self) -> Json:
        names = [
            f"{policy.name} (SHA-256 of its text {policy.digest})"
            for policy in self._report.policies
        ]
        return {
            "uuid": self._plan,
            "title": "The policies that the endpoints were checked against",
            "description": _markup("; ".join(names) or "No policy was in force."),
        }

    def _result(self) -> Json:
        report = self._report
        visits = [endpoint.last_probe_at for endpoint in report.endpoints] or [report.taken_at]
        result: Json = {
            "uuid": self._id("result"),
            "title": "Encryption in transit",
            "description": _markup(
                f"{counted(len(report.reached), 'endpoint')} of {len(report.endpoints)} "
                f"answered with TLS; {len(report.not_reached)} did not and were not checked."
            ),
            "start": time_to_json(min(visits)),
            "end": time_to_json(max(visits)),
            "local-definitions": {"components": [self._tool_component()]},
            "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        }
        every = list(report.findings())
        if report.endpoints:
            items = [self._inventory_item(endpoint) for endpoint in report.endpoints]
            result["local-definitions"]["inventory-items"] = items
            result["observations"] = [
                *(self._visit(endpoint) for endpoint in report.endpoints),
                *(self._proof(endpoint, found) for endpoint, found in every),
            ]
        if every:
            result["risks"] = [self._risk(found) for _, found in every]
            result["findings"] = [self._finding(endpoint, found) for endpoint, found in every]
        return result

    def _tool_component(self) -> Json:
        return {
            "uuid": self._tool,
            "type": "software",
            "title": "tlsprobe",
            "description": "Probes TLS endpoints and checks what they accept.",
            "props": [_prop("version", self._report.tool_version, is_ours=False)],
            "status": {"state": "operational"},
        }

    def _inventory_item(self, endpoint: ReportedEndpoint) -> Json:
        own = [_prop("label", f"{name}={value}") for name, value in endpoint.labels.items()]
        return {
            "uuid": self._id("endpoint", endpoint.key),
            "description": _markup(endpoint.key),
            "props": [_prop("target", endpoint.target), *own],
        }

    def _subject(self, endpoint: ReportedEndpoint) -> Json:
        return {
            "subject-uuid": self._id("endpoint", endpoint.key),
            "type": "inventory-item",
            "title": _markup(endpoint.key),
        }

    def _visit(self, endpoint: ReportedEndpoint) -> Json:
        compliance = [
            _prop("compliance", f"{name}: {verdict}")
            for name, verdict in endpoint.compliance.items()
        ]
        unknown = ", ".join(endpoint.unknown)
        return {
            "uuid": self._id("visit", endpoint.key),
            "title": _markup(f"Visit to {endpoint.key}"),
            "description": _markup(f"The endpoint {words.state(endpoint)}."),
            "props": [
                _prop("tool-version", endpoint.tool_version),
                _prop("mode", endpoint.mode),
                *([_prop("unknown", unknown)] if unknown else []),
                *compliance,
            ],
            "methods": ["TEST"],
            "types": ["discovery"],
            "origins": self._origins(),
            "subjects": [self._subject(endpoint)],
            "collected": time_to_json(endpoint.last_probe_at),
        }

    def _proof(self, endpoint: ReportedEndpoint, found: ReportedFinding) -> Json:
        finding, result = found.finding, found.finding.result
        proof = result.evidence
        observation: Json = {
            "uuid": self._id("proof", finding.fingerprint),
            "title": _markup(result.violation),
            "description": _markup(f"Observed: {result.observed}"),
            "methods": ["TEST"],
            "types": ["finding"],
            "origins": self._origins(),
            "subjects": [self._subject(endpoint)],
            "collected": time_to_json(finding.last_seen_at),
        }
        if proof is not None:
            evidence: Json = {
                "description": _markup(proof.note or "The bytes that prove the observation.")
            }
            props = [
                _prop(name, raw.hex())
                for name, raw in (("offer", proof.offer), ("answer", proof.answer))
                if raw
            ]
            observation["relevant-evidence"] = [evidence | ({"props": props} if props else {})]
        return observation

    def _risk(self, found: ReportedFinding) -> Json:
        finding, result = found.finding, found.finding.result
        is_waived = finding.status is FindingStatus.WAIVED
        risk: Json = {
            "uuid": self._id("risk", finding.fingerprint),
            "title": _markup(result.violation),
            "description": _markup(f"Observed: {result.observed}"),
            "statement": _markup(f"{result.requirement}: {result.required} ({result.source})"),
            "props": [_prop("severity", result.severity.value)],
            "status": "deviation-approved" if is_waived else "open",
        }
        if finding.waiver is not None:
            waiver = finding.waiver
            risk["props"] += [
                _prop("waiver-owner", waiver.owner),
                _prop("waiver-reason", waiver.reason),
            ]
            risk["deadline"] = time_to_json(waiver.expires_at)
        if found.remedy is not None:
            remedy = found.remedy
            risk["remediations"] = [
                {
                    "uuid": self._id("remedy", finding.fingerprint),
                    "lifecycle": "recommendation",
                    "title": _markup(f"{remedy.server}, {remedy.place}"),
                    "description": "\n".join(block(remedy.lines)),
                }
            ]
        return risk

    def _finding(self, endpoint: ReportedEndpoint, found: ReportedFinding) -> Json:
        finding, result = found.finding, found.finding.result
        return {
            "uuid": self._id("finding", finding.fingerprint),
            "title": _markup(f"{result.rule} at {endpoint.key}"),
            "description": _markup(f"{result.violation} ({result.requirement})"),
            "props": [
                *([_prop("rule-id", result.rule_id)] if result.rule_id else []),
                _prop("fingerprint", finding.fingerprint),
                _prop("policy", result.policy),
                _prop("status", finding.status.value),
                _prop("first-seen", words.minute(finding.first_seen_at)),
            ],
            "target": {
                "type": "objective-id",
                "target-id": f"rule_{_NOT_IN_A_TOKEN.sub('_', clean(result.rule))}",
                "status": {
                    "state": "not-satisfied",
                    "reason": _REASONS.get(result.outcome, "other"),
                    "remarks": _markup(words.outcome(finding)),
                },
            },
            "related-observations": [
                {"observation-uuid": self._id("visit", endpoint.key)},
                {"observation-uuid": self._id("proof", finding.fingerprint)},
            ],
            "related-risks": [{"risk-uuid": self._id("risk", finding.fingerprint)}],
        }

    def _origins(self) -> list[Json]:
        return [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}]


def _prop(name: str, value: str, *, is_ours: bool = True) -> Json:
    own = {"ns": _NAMESPACE} if is_ours else {}
    return {"name": name, **own, "value": _text(value)}


def _markup(text: str) -> str:
    """``text`` as OSCAL's ``markup-line`` and ``markup-multiline``, fully escaped; never empty."""
    return plain(_text(text))


def _text(text: str) -> str:
    """One line without leading and trailing spaces, and never empty, as OSCAL's strings require."""
    return clean(text).strip() or "none"
