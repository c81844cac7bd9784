"""A Report as JSON and back, in one canonical form, and the SHA-256 that identifies it.

The canonical form has its keys in order, no spaces, and ``\\uXXXX`` for characters outside ASCII: as ``jq
--compact-output --sort-keys --ascii-output`` writes it. Every format contains its SHA-256, and anyone who has
the data can compute it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

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
from model.findings.finding import Severity
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
        # Reports of versions without an audit log keep their digest.
        **({"audit_log": list(map(audit_to_json, report.audit_log))} if report.audit_log else {}),
        **_claims_to_json("resource_claims", report.resource_claims),
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
            )
            for rule in fields["rules"]
        ),
    )


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
        **_claims_to_json("claims", endpoint.claims),
    }


def _claims_to_json(name: str, claims: Sequence[ReportedClaim]) -> Json:
    """The claims by ``name``, if there are any: reports of versions without claims keep their digest."""
    return {name: list(map(_claim_to_json, claims))} if claims else {}


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
    )
