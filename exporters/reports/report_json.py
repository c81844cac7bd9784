"""A Report as JSON and back, in one canonical form, and the SHA-256 that identifies it.

The canonical form has its keys in order, no spaces, and ``\\uXXXX`` for characters outside ASCII: as ``jq
--compact-output --sort-keys --ascii-output`` writes it. Every format contains its SHA-256, and anyone who has
the data can compute it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from exporters.reports.quantum import quantum_from_json, quantum_to_json
from exporters.reports.report import (
    PastStandings,
    PolicyRule,
    PolicyText,
    Report,
    ReportedClaim,
    ReportedEndpoint,
    ReportedFinding,
    ServedCertificate,
)
from model.claims import ClaimVerdict
from model.encoding.audit_json import audit_from_json, audit_to_json
from model.encoding.finding_json import (
    finding_from_json,
    finding_to_json,
    waiver_from_json,
    waiver_to_json,
)
from model.encoding.remediation_json import remedy_from_json, remedy_to_json
from model.encoding.times_json import time_from_json, time_to_json
from model.findings.finding import Outcome, Severity
from model.findings.guideline import GuidedRule, Guideline, ServerGuide
from model.findings.remediation import Remediation
from model.verdict import Verdict

Json: TypeAlias = dict[str, Any]
REPORT_SCHEMA_NUMBER: Final = 2


def canonical(fields: Json) -> str:
    """``fields`` as the text that is hashed."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def digest_of(fields: Json) -> str:
    """The SHA-256, in hex, of ``fields`` in canonical form."""
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def report_digest(report: Report) -> str:
    """The SHA-256, in hex, over the data of ``report``."""
    return digest_of(report_to_json(report))


def report_to_json(report: Report) -> Json:
    """All of ``report`` as JSON values, including the evidence."""
    return {
        "schema": REPORT_SCHEMA_NUMBER,
        "tool": {"name": "tlsprobe", "version": report.tool_version},
        "generated_at": time_to_json(report.generated_at),
        "taken_at": time_to_json(report.taken_at),
        "selection": dict(report.selection),
        "grouped_by": report.grouped_by,
        "policies": [_policy_to_json(policy) for policy in report.policies],
        "waivers": [waiver_to_json(waiver) for waiver in report.waivers],
        "endpoints": [_endpoint_to_json(endpoint) for endpoint in report.endpoints],
        "history": [_standings_to_json(one) for one in report.history],
        # Reports of versions without these keep their digest.
        **_filled("audit_log", list(map(audit_to_json, report.audit_log))),
        **_filled("guidelines", list(map(_guideline_to_json, report.guidelines))),
        **_filled("resource_claims", list(map(_claim_to_json, report.resource_claims))),
    }


def report_from_json(fields: Json) -> Report:
    """The Report that ``report_to_json`` wrote.

    Raises:
        KeyError, TypeError, ValueError: if a value is missing or unknown.
    """
    if fields["schema"] != REPORT_SCHEMA_NUMBER:
        raise ValueError(f"schema {fields['schema']} is not {REPORT_SCHEMA_NUMBER}")
    return Report(
        generated_at=datetime.fromisoformat(fields["generated_at"]),
        taken_at=datetime.fromisoformat(fields["taken_at"]),
        tool_version=fields["tool"]["version"],
        selection=dict(fields["selection"]),
        grouped_by=fields["grouped_by"],
        policies=tuple(_policy_from_json(one) for one in fields["policies"]),
        waivers=tuple(waiver_from_json(one) for one in fields["waivers"]),
        endpoints=tuple(_endpoint_from_json(one) for one in fields["endpoints"]),
        history=tuple(_standings_from_json(one) for one in fields["history"]),
        audit_log=tuple(map(audit_from_json, fields.get("audit_log", ()))),
        guidelines=tuple(map(_guideline_from_json, fields.get("guidelines", ()))),
        resource_claims=tuple(map(_claim_from_json, fields.get("resource_claims", ()))),
    )


def _policy_to_json(policy: PolicyText) -> Json:
    return {
        "name": policy.name,
        "title": policy.title,
        "sha256": policy.digest,
        "scope": policy.scope,
        "description": policy.description,
        "rules": [
            {
                "rule": rule.rule,
                "rule_id": rule.rule_id,
                "severity": rule.severity.value,
                "requirement": rule.requirement,
                "violation": rule.violation,
                "required": rule.required,
                "source": rule.source,
                **_filled("why", rule.why),
            }
            for rule in policy.rules
        ],
    }


def _policy_from_json(fields: Json) -> PolicyText:
    return PolicyText(
        name=fields["name"],
        title=fields["title"],
        digest=fields["sha256"],
        scope=fields["scope"],
        description=fields["description"],
        rules=tuple(
            PolicyRule(
                rule=rule["rule"],
                rule_id=rule["rule_id"],
                severity=Severity(rule["severity"]),
                requirement=rule["requirement"],
                violation=rule["violation"],
                required=rule["required"],
                source=rule["source"],
                why=rule.get("why", ""),
            )
            for rule in fields["rules"]
        ),
    )


def _filled(name: str, value: object) -> Json:
    """The field, or nothing if it is empty."""
    return {name: value} if value else {}


def _outcomes_to_json(outcomes: Mapping[str, Mapping[str, Outcome]]) -> Json:
    """The names of the rules by policy and outcome: most rules of an endpoint have the same outcome."""
    fields: Json = {}
    for policy, by_rule in outcomes.items():
        for rule, outcome in sorted(by_rule.items()):
            fields.setdefault(policy, {}).setdefault(outcome.value, []).append(rule)
    return fields


def _outcomes_from_json(fields: Json) -> dict[str, dict[str, Outcome]]:
    return {
        policy: {rule: Outcome(word) for word, rules in by_outcome.items() for rule in rules}
        for policy, by_outcome in fields.items()
    }


def _standings_to_json(past: PastStandings) -> Json:
    return {
        "at": time_to_json(past.at),
        "teams": {
            team: {standing.value: count for standing, count in counts.items()}
            for team, counts in past.teams.items()
        },
    }


def _standings_from_json(fields: Json) -> PastStandings:
    return PastStandings(
        at=datetime.fromisoformat(fields["at"]),
        teams={
            team: {Verdict(word): count for word, count in counts.items()}
            for team, counts in fields["teams"].items()
        },
    )


def _endpoint_to_json(endpoint: ReportedEndpoint) -> Json:
    return {
        "endpoint": endpoint.key,
        "target": endpoint.target,
        "address": endpoint.address,
        "labels": dict(endpoint.labels),
        "tool_version": endpoint.tool_version,
        "mode": endpoint.mode,
        "state": endpoint.state,
        "reason": endpoint.reason,
        "is_reached": endpoint.is_reached,
        "last_probe_at": time_to_json(endpoint.last_probe_at),
        "last_success_at": time_to_json(endpoint.last_success_at),
        "protocols": {label: verdict.value for label, verdict in endpoint.protocols.items()},
        "unknown": list(endpoint.unknown),
        "certificates": [
            {
                "subject": one.subject,
                "sha256": one.sha256,
                "not_after": time_to_json(one.not_after),
            }
            for one in endpoint.certificates
        ],
        "compliance": {name: verdict.value for name, verdict in endpoint.compliance.items()},
        "findings": [
            {
                **finding_to_json(found.finding, with_evidence=True),
                "remedy": remedy_to_json(found.remedy),
            }
            for found in endpoint.findings
        ],
        # Reports of versions without these keep their digest.
        **_filled("claims", list(map(_claim_to_json, endpoint.claims))),
        **_filled("outcomes", _outcomes_to_json(endpoint.outcomes)),
        **_filled("facts_sha256", endpoint.facts_digest),
        **({} if endpoint.quantum is None else {"post_quantum": quantum_to_json(endpoint.quantum)}),
    }


def _claim_to_json(claim: ReportedClaim) -> Json:
    return {
        "name": claim.name,
        "statement": claim.statement,
        "source": claim.source,
        "resource": claim.resource,
        "is_reported": claim.is_reported,
        "verdict": claim.verdict.value,
        "observed": claim.observed,
        "since": time_to_json(claim.since),
    }


def _claim_from_json(fields: Json) -> ReportedClaim:
    return ReportedClaim(
        **{
            **fields,
            "verdict": ClaimVerdict(fields["verdict"]),
            "since": time_from_json(fields["since"]),
        }
    )


def _endpoint_from_json(fields: Json) -> ReportedEndpoint:
    return ReportedEndpoint(
        key=fields["endpoint"],
        target=fields["target"],
        address=fields["address"],
        labels=dict(fields["labels"]),
        tool_version=fields["tool_version"],
        mode=fields["mode"],
        state=fields["state"],
        reason=fields["reason"],
        is_reached=fields["is_reached"],
        last_probe_at=datetime.fromisoformat(fields["last_probe_at"]),
        last_success_at=time_from_json(fields["last_success_at"]),
        protocols={label: Verdict(word) for label, word in fields["protocols"].items()},
        unknown=tuple(fields["unknown"]),
        certificates=tuple(
            ServedCertificate(
                subject=one["subject"],
                sha256=one["sha256"],
                not_after=time_from_json(one["not_after"]),
            )
            for one in fields["certificates"]
        ),
        compliance={name: Verdict(word) for name, word in fields["compliance"].items()},
        findings=tuple(
            ReportedFinding(
                finding=finding_from_json(found), remedy=remedy_from_json(found["remedy"])
            )
            for found in fields["findings"]
        ),
        claims=tuple(map(_claim_from_json, fields.get("claims", ()))),
        outcomes=_outcomes_from_json(fields.get("outcomes", {})),
        facts_digest=fields.get("facts_sha256", ""),
        quantum=quantum_from_json(fields["post_quantum"]) if "post_quantum" in fields else None,
    )


def _guideline_to_json(guideline: Guideline) -> Json:
    return {
        "service": guideline.service,
        "policies": list(guideline.policies),
        "endpoints": guideline.endpoints,
        "rules": [
            {"policy": one.policy, "rule": one.rule, "settings": list(one.settings)}
            for one in guideline.rules
        ],
        "servers": [
            {"remedy": remedy_to_json(one.remedy), "uncovered": list(one.uncovered)}
            for one in guideline.servers
        ],
        "unproved": guideline.unproved,
        "is_contradictory": guideline.is_contradictory,
    }


def _guideline_from_json(fields: Json) -> Guideline:
    return Guideline(
        service=fields["service"],
        policies=tuple(fields["policies"]),
        endpoints=fields["endpoints"],
        rules=tuple(
            GuidedRule(policy=one["policy"], rule=one["rule"], settings=tuple(one["settings"]))
            for one in fields["rules"]
        ),
        servers=tuple(
            ServerGuide(
                remedy=_known(remedy_from_json(one["remedy"])), uncovered=tuple(one["uncovered"])
            )
            for one in fields["servers"]
        ),
        unproved=fields["unproved"],
        is_contradictory=fields["is_contradictory"],
    )


def _known(remedy: Remediation | None) -> Remediation:
    if remedy is None:
        raise ValueError("a server of a guideline has no lines")
    return remedy
