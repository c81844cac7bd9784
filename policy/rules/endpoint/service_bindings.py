"""Rules on HTTPS and SVCB records (RFC 9460): they agree with the server, and their key of ECH is one of its keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.findings.finding import Outcome, Severity
from model.judging.asked import feature_does_not_apply
from model.verdict import Evidence, Fact, Verdict
from policy.judging.partial_results import Part, judge_fact, not_applicable, unknown, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_ECH_PUBLISHED: Final = "ech_published"
_ECH_KEY_ACCEPTED: Final = "ech_key_accepted"
_SERVICE_BINDING: Final = "service_binding"
_UNUSABLE: Final = "unusable"
_MISMATCHES: Final = {
    "service_binding_alpn": "the server does not negotiate an ALPN id that is listed",
    "service_binding_port": "the records lead to another port",
    "service_binding_hints": "an address hint is not an address of the host",
}
_UNKNOWN: Final = {
    "service_binding_alpn": "not known whether the server negotiates the ALPN ids that are listed",
    "service_binding_port": "not known to which port the records lead",
    "service_binding_hints": "not known whether the address hints are addresses of the host",
}


class Nothing(Parameters):
    """No parameters."""


def _bind_match(_: Nothing) -> Judge:
    required = "HTTPS and SVCB records that agree with the server"

    def judge(subject: Subject) -> Evaluation:
        features = subject.observation.features
        binding = features.get(_SERVICE_BINDING)
        if binding is None or binding.verdict is not Verdict.YES:
            return _without_records(subject, required)
        parts = [_part(features[name], name) for name in _MISMATCHES if name in features]
        ech = features.get(_ECH_PUBLISHED)
        if ech is not None and ech.verdict is Verdict.NO and ech.value == _UNUSABLE:
            parts.append((Outcome.FAIL, "clients cannot use the parameter ech"))
        failing = [text for outcome, text in parts if outcome is Outcome.FAIL]
        ruling = worst(parts or [(Outcome.PASS, "records without parameters")], required)
        return Evaluation(
            outcome=ruling.outcome,
            observed=ruling.observed,
            required=required,
            violation=f"HTTPS or SVCB record: {'; '.join(failing)}" if failing else "",
            evidence=_evidence(features.get(name) for name in (*_MISMATCHES, _ECH_PUBLISHED)),
        )

    return judge


def _part(fact: Fact, name: str) -> Part:
    value = f" ({fact.value})" if fact.value else ""
    match fact.verdict:
        case Verdict.YES:
            return Outcome.PASS, "the records agree with the server"
        case Verdict.NO:
            return Outcome.FAIL, f"{_MISMATCHES[name]}{value}"
        case Verdict.UNKNOWN:
            return Outcome.UNKNOWN, _UNKNOWN[name]


def _evidence(facts: Iterable[Fact | None]) -> Evidence | None:
    """That of the first mismatch, or of the first fact."""
    found = [fact for fact in facts if fact is not None]
    found.sort(key=lambda fact: fact.verdict is not Verdict.NO)
    return found[0].evidence if found else None


def _without_records(subject: Subject, required: str) -> Evaluation:
    """The answer if the visit has no records."""
    observation = subject.observation
    binding = observation.features.get(_SERVICE_BINDING)
    if binding is not None and binding.verdict is Verdict.UNKNOWN:
        note = binding.evidence.note if binding.evidence else None
        return unknown(note or "the records could not be looked up", required, binding.evidence)
    if binding is None and not feature_does_not_apply(observation, _SERVICE_BINDING):
        return unknown("the records were not looked up", required)
    return not_applicable("no HTTPS or SVCB record", required)


def _bind_ech(_: Nothing) -> Judge:
    required = "the server decrypts an Encrypted ClientHello for the published key"
    words = {
        Verdict.YES: "accepts the published key of ECH",
        Verdict.NO: "rejects the published key of ECH",
        Verdict.UNKNOWN: "not known whether it accepts the published key of ECH",
    }

    def judge(subject: Subject) -> Evaluation:
        features = subject.observation.features
        accepted = features.get(_ECH_KEY_ACCEPTED)
        if accepted is not None:
            violation = "The server rejects the published key of Encrypted ClientHello"
            return judge_fact(
                accepted, Verdict.YES, words=words, required=required, violation=violation
            )
        binding = features.get(_SERVICE_BINDING)
        if binding is None or binding.verdict is not Verdict.YES:
            return _without_records(subject, required)
        return not_applicable("no record for this address and port publishes a key", required)

    return judge


SERVICE_BINDING_RULES: Final = (
    Rule(
        identifier="TP-DNS-001",
        name="service_binding_matches",
        family=Family.DNS,
        requirement="The HTTPS and SVCB records must agree with the server",
        violation="An HTTPS or SVCB record does not agree with the server",
        why="Clients that follow the record connect to a wrong place, or lose time before they fall back.",
        severity=Severity.MEDIUM,
        parameters=Nothing,
        bind=_bind_match,
    ),
    Rule(
        identifier="TP-ECH-001",
        name="ech_key_accepted",
        family=Family.DNS,
        requirement="The server must accept an Encrypted ClientHello for the published key",
        violation="The server rejects the published key of Encrypted ClientHello",
        why="Clients retry with other keys or without encryption, or cannot connect at all.",
        severity=Severity.HIGH,
        parameters=Nothing,
        bind=_bind_ech,
    ),
)
