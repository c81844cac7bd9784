"""Rules on protocol versions (RFC 8996, RFC 9325, section 3.1.1)."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.judging.spoken import spoken
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Evidence, Verdict
from policy.judging.partial_results import labels, unknown
from policy.judging.sentences import versions_are
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import Version


class Versions(Parameters):
    """``allowed``: the versions that may be offered."""

    allowed: tuple[Version, ...] = Field(min_length=1)


class RequiredVersions(Parameters):
    """``versions``: those that must be offered, all of them."""

    versions: tuple[Version, ...] = Field(min_length=1)


def _bind_allowed(parameters: Versions) -> Judge:
    required = f"only {labels(parameters.allowed)}"
    refused = [version for version in STREAM_VERSIONS if version not in parameters.allowed]

    def judge(subject: Subject) -> Evaluation:
        protocols = subject.observation.protocols
        bad: list[ProtocolVersion] = []
        open_: list[ProtocolVersion] = []
        for version in refused:
            fact = protocols.get(version)
            if fact is None or fact.verdict is Verdict.UNKNOWN:
                open_.append(version)
            elif fact.verdict is Verdict.YES:
                bad.append(version)
        if bad:
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=f"{labels(bad)} accepted",
                required=required,
                violation=f"{versions_are(bad)} offered",
                evidence=protocols[bad[0]].evidence,
            )
        if open_:
            proof = protocols[open_[0]].evidence if open_[0] in protocols else None
            return unknown(f"not known whether {versions_are(open_)} offered", required, proof)
        return Evaluation(
            outcome=Outcome.PASS,
            observed=f"{labels(spoken(subject.observation))} accepted",
            required=required,
            evidence=protocols[refused[-1]].evidence if refused else None,
        )

    return judge


def _bind_required(parameters: RequiredVersions) -> Judge:
    required = labels(parameters.versions)

    def judge(subject: Subject) -> Evaluation:
        protocols = subject.observation.protocols
        verdicts = {
            version: protocols[version].verdict if version in protocols else Verdict.UNKNOWN
            for version in parameters.versions
        }
        missing = [version for version, found in verdicts.items() if found is Verdict.NO]
        if missing:
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=f"{labels(missing)} refused",
                required=required,
                violation=f"{versions_are(missing)} not offered",
                evidence=protocols[missing[0]].evidence,
            )
        open_ = [version for version, found in verdicts.items() if found is Verdict.UNKNOWN]
        if open_:
            return unknown(f"not known whether {versions_are(open_)} offered", required)
        proof: Evidence | None = protocols[parameters.versions[0]].evidence
        return Evaluation(
            outcome=Outcome.PASS, observed=f"{required} accepted", required=required, evidence=proof
        )

    return judge


PROTOCOL_RULES: Final = (
    Rule(
        identifier="TP-TLS-001",
        name="protocol_versions",
        family=Family.PROTOCOLS,
        requirement="Only the allowed protocol versions may be offered",
        violation="A protocol version that is not allowed is offered",
        why="SSL 2.0 and 3.0 are broken; TLS 1.0 and 1.1 are deprecated (RFC 8996).",
        severity=Severity.HIGH,
        parameters=Versions,
        bind=_bind_allowed,
    ),
    Rule(
        identifier="TP-TLS-002",
        name="protocol_versions_required",
        family=Family.PROTOCOLS,
        requirement="The required protocol versions must be offered",
        violation="A required protocol version is not offered",
        why="Clients that support the better version must be able to use it.",
        severity=Severity.MEDIUM,
        parameters=RequiredVersions,
        bind=_bind_required,
    ),
)
