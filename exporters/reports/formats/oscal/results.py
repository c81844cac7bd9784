"""The compliance report as OSCAL assessment results.

Each endpoint is an inventory item. Each visit and each proof is an observation. Each control that was judged at an
endpoint is a finding about its objective: satisfied, or not satisfied with a risk, which is open or a deviation
that its owner accepts. A result that is not proved is ``not-satisfied`` for the reason ``other``, never satisfied.
Rules that were not asked about or do not apply are properties of the visit. Each claim that a visit contradicts or
cannot prove is an observation, and so is the compliance of each past week.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exporters.plurals import counted
from exporters.reports import words
from exporters.reports.controls import verdicts
from exporters.reports.formats.oscal.document import (
    Identifiers,
    Json,
    markup,
    metadata,
    objective_id,
    prop,
    written,
)
from exporters.reports.report import (
    PastStandings,
    Report,
    ReportedClaim,
    ReportedEndpoint,
    ReportedFinding,
)
from exporters.wording import OUTCOMES
from model.claims import ClaimVerdict
from model.encoding.times_json import time_to_json
from model.findings.finding import FindingStatus, Outcome
from model.safe_output.markdown_text import block
from model.verdict import Evidence, Verdict

_REASONS: Final = {Outcome.FAIL: "fail", Outcome.PASS: "pass"}


def write_oscal(report: Report) -> str:
    """The ``assessment-results`` document, indented."""
    return written("assessment-results", _Document(report).fields())


class _Document:
    """One document."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._ids = Identifiers(report, "assessment-results")
        self._tool = self._ids.of("tool")
        self._plan = self._ids.of("plan")

    def fields(self) -> Json:
        return {
            "uuid": self._ids.document,
            "metadata": metadata(self._report, "Encryption compliance report", self._ids.digest),
            "import-ap": {"href": f"#{self._plan}"},
            "results": [self._result()],
            "back-matter": {"resources": [self._assessment_plan()]},
        }

    def _assessment_plan(self) -> Json:
        names = [
            f"{policy.name} (SHA-256 of its text {policy.digest})"
            for policy in self._report.policies
        ]
        return {
            "uuid": self._plan,
            "title": "The policies that the endpoints were checked against",
            "description": markup("; ".join(names) or "No policy was in force."),
        }

    def _result(self) -> Json:
        report = self._report
        visits = [endpoint.last_probe_at for endpoint in report.endpoints] or [report.taken_at]
        result: Json = {
            "uuid": self._ids.of("result"),
            "title": "Encryption in transit",
            "description": markup(
                f"{counted(len(report.reached), 'endpoint')} of {len(report.endpoints)} "
                f"answered; {len(report.not_reached)} did not and were not checked."
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
        lists = {
            "observations": [
                *(self._visit(endpoint) for endpoint in report.endpoints),
                *(self._proof(endpoint, found) for endpoint, found in every),
                *self._claims(),
                *(self._past(past) for past in report.history),
            ],
            "risks": [self._risk(found) for _, found in every],
            "findings": [
                *(self._finding(endpoint, found) for endpoint, found in every),
                *self._satisfied(),
            ],
        }
        # OSCAL has no empty lists.
        return result | {name: items for name, items in lists.items() if items}

    def _tool_component(self) -> Json:
        return {
            "uuid": self._tool,
            "type": "software",
            "title": "tlsprobe",
            "description": "Probes TLS endpoints and checks what they accept.",
            "props": [prop("version", self._report.tool_version, is_ours=False)],
            "status": {"state": "operational"},
        }

    def _inventory_item(self, endpoint: ReportedEndpoint) -> Json:
        own = [prop("label", f"{name}={value}") for name, value in endpoint.labels.items()]
        return {
            "uuid": self._ids.of("endpoint", endpoint.key),
            "description": markup(endpoint.key),
            "props": [prop("target", endpoint.target), *own],
        }

    def _subject(self, endpoint: ReportedEndpoint) -> Json:
        return {
            "subject-uuid": self._ids.of("endpoint", endpoint.key),
            "type": "inventory-item",
            "title": markup(endpoint.key),
        }

    def _visit(self, endpoint: ReportedEndpoint) -> Json:
        compliance = [
            prop("compliance", f"{name}: {verdict}")
            for name, verdict in endpoint.compliance.items()
        ]
        unknown = ", ".join(endpoint.unknown)
        return {
            "uuid": self._ids.of("visit", endpoint.key),
            "title": markup(f"Visit to {endpoint.key}"),
            "description": markup(words.state(endpoint)),
            "props": [
                prop("tool-version", endpoint.tool_version),
                prop("mode", endpoint.mode),
                *([prop("facts-sha256", endpoint.facts_digest)] if endpoint.facts_digest else []),
                *([prop("unknown", unknown)] if unknown else []),
                *compliance,
                *_not_judged(endpoint),
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
            "uuid": self._ids.of("proof", finding.fingerprint),
            "title": markup(result.violation),
            "description": markup(f"Observed: {result.observed}"),
            "methods": ["TEST"],
            "types": ["finding"],
            "origins": self._origins(),
            "subjects": [self._subject(endpoint)],
            "collected": time_to_json(finding.last_seen_at),
        }
        if proof is not None:
            observation["relevant-evidence"] = [_evidence(proof)]
        return observation

    def _claims(self) -> Iterator[Json]:
        """The claims that are not proved: a contradiction is a finding of the type, else it is discovery."""
        for endpoint in self._report.endpoints:
            for claim in endpoint.claims:
                if claim.verdict is not ClaimVerdict.PROVED:
                    of_endpoint = self._claim(endpoint.key, claim, endpoint.last_probe_at)
                    yield of_endpoint | {"subjects": [self._subject(endpoint)]}
        for claim in self._report.resource_claims:
            yield self._claim(claim.resource, claim, self._report.generated_at)

    def _claim(self, holder: str, claim: ReportedClaim, at: datetime) -> Json:
        is_contradicted = claim.verdict is ClaimVerdict.CONTRADICTED
        identity = (claim.name, claim.source, claim.resource, claim.statement)
        return {
            "uuid": self._ids.of("claim", holder, *identity),
            "title": markup(f"Claim {words.claim_verdict(claim)}: {claim.statement}"),
            "description": markup(f"Observed: {claim.observed}"),
            "props": [
                prop("claim-verdict", claim.verdict.value),
                prop("claim-source", f"{claim.source}, {claim.resource}"),
                *([prop("since", words.minute(claim.since))] if claim.since else []),
            ],
            "methods": ["TEST"],
            "types": ["finding" if is_contradicted else "discovery"],
            "origins": self._origins(),
            "collected": time_to_json(at),
        }

    def _past(self, past: PastStandings) -> Json:
        counts = [f"{past.count(one)} {words.compliance(one)}" for one in Verdict]
        return {
            "uuid": self._ids.of("past", words.minute(past.at)),
            "title": "Compliance at an earlier time",
            "description": markup(f"Endpoints: {', '.join(counts)}."),
            "methods": ["EXAMINE"],
            "types": ["historic"],
            "origins": self._origins(),
            "collected": time_to_json(past.at),
        }

    def _risk(self, found: ReportedFinding) -> Json:
        finding, result = found.finding, found.finding.result
        is_waived = finding.status is FindingStatus.WAIVED
        risk: Json = {
            "uuid": self._ids.of("risk", finding.fingerprint),
            "title": markup(result.violation),
            "description": markup(f"Observed: {result.observed}"),
            "statement": markup(f"{result.requirement}: {result.required} ({result.source})"),
            "props": [prop("severity", result.severity.value)],
            "status": "deviation-approved" if is_waived else "open",
        }
        if finding.waiver is not None:
            waiver = finding.waiver
            risk["props"] += [
                prop("waiver-owner", waiver.owner),
                prop("waiver-reason", waiver.reason),
            ]
            risk["deadline"] = time_to_json(waiver.expires_at)
        if found.remedy is not None:
            remedy = found.remedy
            risk["remediations"] = [
                {
                    "uuid": self._ids.of("remedy", finding.fingerprint),
                    "lifecycle": "recommendation",
                    "title": markup(f"{remedy.server}, {remedy.place}"),
                    "description": "\n".join(block(remedy.lines)),
                }
            ]
        return risk

    def _finding(self, endpoint: ReportedEndpoint, found: ReportedFinding) -> Json:
        finding, result = found.finding, found.finding.result
        return {
            "uuid": self._ids.of("finding", finding.fingerprint),
            "title": markup(f"{result.rule} at {endpoint.key}"),
            "description": markup(f"{result.violation} ({result.requirement})"),
            "props": [
                *([prop("rule-id", result.rule_id)] if result.rule_id else []),
                prop("fingerprint", finding.fingerprint),
                prop("policy", result.policy),
                prop("status", finding.status.value),
                prop("first-seen", words.minute(finding.first_seen_at)),
            ],
            "target": {
                "type": "objective-id",
                "target-id": objective_id(result.policy, result.rule),
                "status": {
                    "state": "not-satisfied",
                    "reason": _REASONS.get(result.outcome, "other"),
                    "remarks": markup(words.outcome(finding)),
                },
            },
            "related-observations": [
                {"observation-uuid": self._ids.of("visit", endpoint.key)},
                {"observation-uuid": self._ids.of("proof", finding.fingerprint)},
            ],
            "related-risks": [{"risk-uuid": self._ids.of("risk", finding.fingerprint)}],
        }

    def _satisfied(self) -> Iterator[Json]:
        for endpoint, policy, rule, verdict in verdicts(self._report):
            if verdict == OUTCOMES[Outcome.PASS]:
                yield {
                    "uuid": self._ids.of("satisfied", endpoint.key, policy.name, rule.rule),
                    "title": markup(f"{rule.rule} at {endpoint.key}"),
                    "description": markup(rule.requirement),
                    "props": [prop("policy", policy.name)],
                    "target": {
                        "type": "objective-id",
                        "target-id": objective_id(policy.name, rule.rule),
                        "status": {"state": "satisfied", "reason": "pass"},
                    },
                    "related-observations": [
                        {"observation-uuid": self._ids.of("visit", endpoint.key)}
                    ],
                }

    def _origins(self) -> list[Json]:
        return [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}]


def _not_judged(endpoint: ReportedEndpoint) -> Iterator[Json]:
    """The rules that the visit says nothing about, one property for each reason and policy."""
    for policy, outcomes in endpoint.outcomes.items():
        for silent in (Outcome.NOT_ASKED, Outcome.NOT_APPLICABLE):
            rules = sorted(rule for rule, outcome in outcomes.items() if outcome is silent)
            if rules:
                name = silent.value.replace("_", "-")
                yield prop(name, f"{policy}: {', '.join(rules)}")


def _evidence(proof: Evidence) -> Json:
    sides = [(name, raw) for name, raw in (("offer", proof.offer), ("answer", proof.answer)) if raw]
    props = [
        one
        for name, raw in sides
        for one in (
            prop(name, raw.hex()),
            prop(f"{name}-sha256", hashlib.sha256(raw).hexdigest()),
        )
    ]
    return {
        "description": markup(proof.note or "The bytes that prove the observation."),
        **({"props": props} if props else {}),
    }
