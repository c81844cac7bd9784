"""Rules on the QUIC side of an endpoint, which owners often configure apart from TLS over TCP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import model_validator

from model.findings.finding import Outcome, Severity
from model.verdict import Evidence, Fact, Verdict
from policy.judging.partial_results import (
    Part,
    judge_fact,
    listed,
    not_applicable,
    not_asked,
    unknown,
    worst,
)
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_SAME: Final = {
    "quic_same_cipher_suites": "cipher suites",
    "quic_same_groups": "groups",
    "quic_same_client_certificate_request": "request of a client certificate",
}


class NoParameters(Parameters):
    """No parameters."""


class Allowed(Parameters):
    """The names that QUIC may accept; a list that is not set may have any."""

    cipher_suites: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_which(self) -> Allowed:
        if not (self.cipher_suites or self.groups):
            raise ValueError("allows everything: add `cipher_suites` or `groups`")
        return self


def _without_quic(subject: Subject, required: str) -> Evaluation | None:
    """The ruling on an endpoint whose UDP port is proved to have no QUIC, or which was not asked."""
    observation = subject.observation
    if observation.quic:
        return None
    level = observation.not_asked.get("quic_v1") or observation.not_asked.get("http3")
    if level is not None:
        outcome, observed = not_asked(level)
        return Evaluation(outcome=outcome, observed=observed, required=required)
    http3 = observation.http.get("http3")
    if http3 is not None and http3.verdict is Verdict.NO:
        return not_applicable("no QUIC on this port", required)
    return unknown("not known whether the port answers QUIC", required)


def _bind_same(_: NoParameters) -> Judge:
    required = "QUIC accepts the same as TLS 1.3 over TCP"

    def judge(subject: Subject) -> Evaluation:
        ruling = _without_quic(subject, required)
        facts = subject.observation.quic
        known = {name: facts[name] for name in _SAME if name in facts}
        if ruling is not None or not known:
            return ruling or unknown("not compared", required)
        parts = [_same(_SAME[name], fact) for name, fact in known.items()]
        return worst(parts, required, _proof(tuple(known.values()), Verdict.NO))

    return judge


def _same(what: str, fact: Fact) -> Part:
    if fact.verdict is Verdict.YES:
        return Outcome.PASS, f"the same {what}"
    if fact.verdict is Verdict.NO:
        return Outcome.FAIL, f"{what}: {fact.value}"
    return Outcome.UNKNOWN, f"not known whether both have the same {what}"


def _bind_allowed(parameters: Allowed) -> Judge:
    wanted = {"quic_cipher_suites": parameters.cipher_suites, "quic_groups": parameters.groups}
    required = "; ".join(f"only {listed(names)}" for names in wanted.values() if names)

    def judge(subject: Subject) -> Evaluation:
        ruling = _without_quic(subject, required)
        if ruling is not None:
            return ruling
        facts = subject.observation.quic
        parts = [
            _allowed(facts.get(name), names, name.removeprefix("quic_").replace("_", " "))
            for name, names in wanted.items()
            if names
        ]
        proofs = tuple(facts[name] for name, names in wanted.items() if names and name in facts)
        return worst(parts, required, _proof(proofs, Verdict.YES))

    return judge


def _allowed(fact: Fact | None, names: tuple[str, ...], what: str) -> Part:
    accepted = () if fact is None or fact.value is None else tuple(fact.value.split(", "))
    bad = [one for one in accepted if one not in names]
    if bad:
        return Outcome.FAIL, listed(bad)
    if fact is None or fact.verdict is not Verdict.YES:
        return Outcome.UNKNOWN, f"the list of {what} is not complete"
    return Outcome.PASS, listed(accepted)


def _bind_fact(name: str, wanted: Verdict, words: tuple[str, str], violation: str) -> Judge:
    met, unmet = words
    required = met
    said = {wanted: met, Verdict.UNKNOWN: "not known"}
    said.setdefault(Verdict.NO, unmet)
    said.setdefault(Verdict.YES, unmet)

    def judge(subject: Subject) -> Evaluation:
        ruling = _without_quic(subject, required)
        if ruling is not None:
            return ruling
        observation = subject.observation
        return judge_fact(
            observation.quic.get(name),
            wanted,
            words=said,
            required=required,
            violation=violation,
            needs=observation.not_asked.get(name),
        )

    return judge


def _proof(facts: Sequence[Fact], verdict: Verdict) -> Evidence | None:
    """The evidence of the first fact with that verdict, else of the first."""
    ordered = sorted(facts, key=lambda fact: fact.verdict is not verdict)
    return ordered[0].evidence if ordered else None


def _bind_post_quantum(_: NoParameters) -> Judge:
    words = ("asks for a post-quantum group", "asks for no post-quantum group")
    violation = "QUIC has no post-quantum group"
    return _bind_fact("quic_post_quantum", Verdict.YES, words, violation)


def _bind_early_data(_: NoParameters) -> Judge:
    words = ("permits no early data", "permits early data")
    return _bind_fact("quic_early_data", Verdict.NO, words, "QUIC permits early data (0-RTT)")


QUIC_RULES: Final = (
    Rule(
        identifier="TP-QUIC-001",
        name="quic_same_as_tcp",
        family=Family.QUIC,
        requirement="QUIC must accept the same as TLS 1.3 over TCP on the same port",
        violation="QUIC accepts something else than TLS 1.3 over TCP",
        why="A weak setting of one side undoes the policy that the other side meets.",
        severity=Severity.MEDIUM,
        parameters=NoParameters,
        bind=_bind_same,
    ),
    Rule(
        identifier="TP-QUIC-002",
        name="quic_allowed",
        family=Family.QUIC,
        requirement="QUIC may accept only the allowed cipher suites and groups",
        violation="QUIC accepts a cipher suite or group that is not allowed",
        why="Browsers move to QUIC once they know that a server has it, so its settings protect most requests.",
        severity=Severity.MEDIUM,
        parameters=Allowed,
        bind=_bind_allowed,
    ),
    Rule(
        identifier="TP-QUIC-003",
        name="quic_post_quantum",
        family=Family.QUIC,
        requirement="QUIC must ask for a post-quantum group",
        violation="QUIC has no post-quantum group",
        why="Recorded traffic can be decrypted once a large quantum computer exists.",
        severity=Severity.LOW,
        parameters=NoParameters,
        bind=_bind_post_quantum,
    ),
    Rule(
        identifier="TP-QUIC-004",
        name="quic_early_data",
        family=Family.QUIC,
        requirement="QUIC must not permit early data (0-RTT)",
        violation="QUIC permits early data (0-RTT)",
        why="An attacker can repeat early data, and with it a request (RFC 9846, section 8).",
        severity=Severity.LOW,
        parameters=NoParameters,
        bind=_bind_early_data,
    ),
)
