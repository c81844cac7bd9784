"""Findings, results and waivers to JSON values and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from model.encoding.evidence_json import evidence_from_json, evidence_to_json
from model.encoding.times_json import time_from_json, time_to_json
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity, Waiver
from model.verdict import UnknownCause

Json: TypeAlias = dict[str, Any]


def rule_result_to_json(result: RuleResult, *, with_evidence: bool) -> Json:
    """The result, with its proof if ``with_evidence`` is true."""
    fields: Json = {
        "policy": result.policy,
        "rule": result.rule,
        "rule_id": result.rule_id,
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "requirement": result.requirement,
        "violation": result.violation,
        "observed": result.observed,
        "required": result.required,
        "source": result.source,
    }
    if result.cause is not None:
        fields["cause"] = result.cause.value
    if with_evidence:
        fields["evidence"] = evidence_to_json(result.evidence)
    return fields


def rule_result_from_json(fields: Json) -> RuleResult:
    """The result. Raises KeyError, ValueError."""
    return RuleResult(
        policy=fields["policy"],
        rule=fields["rule"],
        rule_id=fields["rule_id"],
        severity=Severity(fields["severity"]),
        outcome=Outcome(fields["outcome"]),
        requirement=fields["requirement"],
        violation=fields["violation"],
        observed=fields["observed"],
        required=fields["required"],
        source=fields["source"],
        evidence=evidence_from_json(fields.get("evidence")),
        cause=None if fields.get("cause") is None else UnknownCause(fields["cause"]),
    )


def waiver_to_json(waiver: Waiver) -> Json:
    """The waiver."""
    return {
        "name": waiver.name,
        "rule": waiver.rule,
        "policy": waiver.policy,
        "target": waiver.target,
        "labels": dict(waiver.labels),
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires_at": time_to_json(waiver.expires_at),
    }


def waiver_from_json(fields: Json) -> Waiver:
    """The waiver. Raises KeyError, ValueError."""
    expires_at = time_from_json(fields["expires_at"])
    if expires_at is None:
        raise ValueError("a waiver must expire")
    return Waiver(
        name=fields["name"],
        rule=fields["rule"],
        policy=fields["policy"],
        target=fields["target"],
        labels=dict(fields["labels"]),
        reason=fields["reason"],
        owner=fields["owner"],
        expires_at=expires_at,
    )


def finding_to_json(finding: Finding, *, with_evidence: bool) -> Json:
    """The finding with its newest result and its lifecycle."""
    return {
        "fingerprint": finding.fingerprint,
        "endpoint": finding.endpoint_key,
        **rule_result_to_json(finding.result, with_evidence=with_evidence),
        "status": finding.status.value,
        "first_seen_at": time_to_json(finding.first_seen_at),
        "last_seen_at": time_to_json(finding.last_seen_at),
        "resolved_at": time_to_json(finding.resolved_at),
        "reopened": finding.reopened,
        "waiver": None if finding.waiver is None else waiver_to_json(finding.waiver),
    }


def finding_from_json(fields: Json) -> Finding:
    """The finding. Raises KeyError, ValueError."""
    waiver = fields["waiver"]
    return Finding(
        endpoint_key=fields["endpoint"],
        result=rule_result_from_json(fields),
        status=FindingStatus(fields["status"]),
        first_seen_at=_moment(fields["first_seen_at"]),
        last_seen_at=_moment(fields["last_seen_at"]),
        resolved_at=time_from_json(fields["resolved_at"]),
        reopened=fields["reopened"],
        waiver=None if waiver is None else waiver_from_json(waiver),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
