"""The policy document as an OSCAL catalog: each policy is a group, each of its rules a control.

A control has the requirement and the required value as its statement, what is at stake as guidance, an assessment
objective, and its exceptions. Its source is a resource of the back matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporters.reports import words
from exporters.reports.formats.oscal.document import (
    NAMESPACE,
    Identifiers,
    Json,
    control_id,
    group_id,
    markup,
    metadata,
    objective_id,
    prop,
    written,
)
from exporters.reports.report import PolicyRule, PolicyText, Report
from exporters.reports.responsible import exceptions, owners
from model.encoding.times_json import time_to_json


def write_catalog(report: Report) -> str:
    """The ``catalog`` document, indented."""
    ids = Identifiers(report, "catalog")
    groups = [_group(report, policy, ids) for policy in report.policies]
    sources = dict.fromkeys(rule.source for policy in report.policies for rule in policy.rules)
    fields: Json = {
        "uuid": ids.document,
        "metadata": metadata(report, "Encryption in transit policy", ids.digest),
    }
    if groups:
        fields["groups"] = groups
    if sources:
        resources = [_resource(source, ids) for source in sources]
        fields["back-matter"] = {"resources": resources}
    return written("catalog", fields)


def _group(report: Report, policy: PolicyText, ids: Identifiers) -> Json:
    parts = [
        {"name": "scope", "ns": NAMESPACE, "prose": markup(f"It applies to {policy.scope}.")},
        {"name": "owners", "ns": NAMESPACE, "prose": markup(f"Owners: {owners(report, policy)}.")},
    ]
    if policy.description:
        parts.insert(0, {"name": "overview", "prose": markup(policy.description)})
    group: Json = {
        "id": group_id(policy.name),
        "class": "policy",
        "title": markup(policy.title),
        "props": [prop("policy", policy.name), prop("policy-sha256", policy.digest)],
        "parts": parts,
    }
    if policy.rules:
        group["controls"] = [_control(report, policy, rule, ids) for rule in policy.rules]
    return group


def _control(report: Report, policy: PolicyText, rule: PolicyRule, ids: Identifiers) -> Json:
    return {
        "id": control_id(policy.name, rule.rule),
        "class": "rule",
        "title": markup(rule.requirement),
        "props": [
            *([prop("rule-id", rule.rule_id)] if rule.rule_id else []),
            prop("rule", rule.rule),
            prop("severity", rule.severity.value),
        ],
        "links": [{"href": f"#{ids.of('source', rule.source)}", "rel": "reference"}],
        "parts": list(_parts(report, policy, rule)),
    }


def _parts(report: Report, policy: PolicyText, rule: PolicyRule) -> Iterator[Json]:
    yield {"name": "statement", "prose": markup(f"{rule.requirement}: {rule.required}.")}
    if rule.why:
        yield {"name": "guidance", "prose": markup(rule.why)}
    yield {
        "id": objective_id(policy.name, rule.rule),
        "name": "assessment-objective",
        "prose": markup(f"Determine if the endpoint has the required value: {rule.required}."),
    }
    for waiver in exceptions(report, policy, rule):
        yield {
            "name": "exception",
            "ns": NAMESPACE,
            "props": [
                prop("waiver", waiver.name),
                prop("waiver-owner", waiver.owner),
                prop("waiver-expires", time_to_json(waiver.expires_at) or ""),
            ],
            "prose": markup(words.exception(waiver)),
        }


def _resource(source: str, ids: Identifiers) -> Json:
    return {"uuid": ids.of("source", source), "citation": {"text": markup(source)}}
