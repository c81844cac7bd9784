"""Rules on what the same service does without TLS: plaintext sessions, and STARTTLS (RFC 8314)."""

from __future__ import annotations

from typing import Final

from model.application_protocol import DEFAULT_PROTOCOL, speaks_tls_first
from model.findings.finding import Outcome, Severity
from model.judging.asked import may_be_http
from model.verdict import Verdict
from policy.judging.partial_results import judge_fact, not_applicable
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_REDIRECT: Final = "redirects_to_https"


class InClear(Parameters):
    """``redirect``: whether an HTTP service that only redirects to HTTPS meets the rule."""

    redirect: bool = True


class Nothing(Parameters):
    """No parameters."""


def _bind_clear(parameters: InClear) -> Judge:
    required = "no session without TLS"
    words = {
        Verdict.YES: "plaintext sessions are accepted",
        Verdict.NO: "no plaintext session is accepted",
        Verdict.UNKNOWN: "not known",
    }

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        fact = observation.plaintext.get("answers_in_plaintext")
        redirect = observation.http.get(_REDIRECT)
        is_redirect = redirect is not None and redirect.verdict is Verdict.YES
        begins_with_tls = observation.endpoint.target.protocol == DEFAULT_PROTOCOL
        if fact is None and begins_with_tls and not may_be_http(observation):
            return not_applicable(
                "the protocol starts with TLS; other ports are separate endpoints", required
            )
        is_open = fact is not None and fact.verdict is Verdict.YES
        if is_open and is_redirect and parameters.redirect:
            return Evaluation(
                outcome=Outcome.PASS,
                observed="HTTP answers, and redirects to HTTPS",
                required=required,
                evidence=redirect.evidence if redirect else None,
            )
        needs = observation.not_asked.get("answers_in_plaintext")
        return judge_fact(
            fact,
            Verdict.NO,
            words=words,
            required=required,
            violation="Accepts sessions in plaintext, without TLS",
            needs=needs,
        )

    return judge


def _starttls(
    name: str, wanted: Verdict, required: str, violation: str, words: dict[Verdict, str]
) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        fact = observation.plaintext.get(name)
        if fact is None and speaks_tls_first(observation.endpoint.target.protocol):
            return not_applicable("the protocol starts with TLS and has no STARTTLS", required)
        needs = observation.not_asked.get(name)
        return judge_fact(
            fact, wanted, words=words, required=required, violation=violation, needs=needs
        )

    return judge


def _bind_offered(_: Nothing) -> Judge:
    return _starttls(
        "starttls_offered",
        Verdict.YES,
        "STARTTLS is offered",
        "STARTTLS is not offered",
        {Verdict.YES: "offered", Verdict.NO: "not offered", Verdict.UNKNOWN: "not known"},
    )


def _bind_enforced(_: Nothing) -> Judge:
    return _starttls(
        "starttls_enforced",
        Verdict.YES,
        "nothing is served before STARTTLS",
        "STARTTLS is not enforced: the session continues in plaintext",
        {
            Verdict.YES: "enforced",
            Verdict.NO: "the session continues without TLS",
            Verdict.UNKNOWN: "not known",
        },
    )


def _bind_login(_: Nothing) -> Judge:
    return _starttls(
        "login_before_tls",
        Verdict.NO,
        "no login before STARTTLS",
        "Login is offered in plaintext, before STARTTLS",
        {
            Verdict.YES: "login is offered in plaintext",
            Verdict.NO: "login is not offered in plaintext",
            Verdict.UNKNOWN: "not known",
        },
    )


PLAINTEXT_RULES: Final = (
    Rule(
        identifier="TP-PLAINTEXT-001",
        name="no_plaintext",
        family=Family.PLAINTEXT,
        requirement="The service must not accept sessions without TLS",
        violation="The service accepts sessions in plaintext",
        why="Anyone on the path can read and change plaintext.",
        severity=Severity.HIGH,
        parameters=InClear,
        bind=_bind_clear,
    ),
    Rule(
        identifier="TP-PLAINTEXT-002",
        name="starttls_offered",
        family=Family.PLAINTEXT,
        requirement="STARTTLS must be offered",
        violation="STARTTLS is not offered",
        why="Without it the whole session is in plaintext.",
        severity=Severity.HIGH,
        parameters=Nothing,
        bind=_bind_offered,
    ),
    Rule(
        identifier="TP-PLAINTEXT-003",
        name="starttls_enforced",
        family=Family.PLAINTEXT,
        requirement="STARTTLS must be enforced",
        violation="STARTTLS is not enforced",
        why="An attacker who removes the offer on the path keeps the session in plaintext.",
        severity=Severity.MEDIUM,
        parameters=Nothing,
        bind=_bind_enforced,
    ),
    Rule(
        identifier="TP-PLAINTEXT-004",
        name="no_plaintext_login",
        family=Family.PLAINTEXT,
        requirement="Login must not be offered before STARTTLS",
        violation="Login is offered in plaintext, before STARTTLS",
        why="Passwords cross the network in plaintext (RFC 8314, section 3).",
        severity=Severity.HIGH,
        parameters=Nothing,
        bind=_bind_login,
    ),
)
