"""Rules on what the same service does without TLS: a session in clear, and STARTTLS (RFC 8314)."""

from __future__ import annotations

from typing import Final

from model.application_protocol import DEFAULT_PROTOCOL, speaks_tls_first
from model.findings.finding import Outcome, Severity
from model.verdict import Verdict
from policy.judging.asked import may_be_http
from policy.judging.partial_results import judge_fact, not_applicable
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_REDIRECT: Final = "redirects_to_https"


class InClear(Parameters):
    """``redirect``: whether an HTTP service that does nothing but redirect to HTTPS will do."""

    redirect: bool = True


class Nothing(Parameters):
    """No parameters."""


def _bind_clear(parameters: InClear) -> Judge:
    required = "no session without TLS"
    words = {
        Verdict.YES: "a session is accepted without TLS",
        Verdict.NO: "none is accepted",
        Verdict.UNKNOWN: "not learnt",
    }

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        fact = observation.plaintext.get("answers_in_clear")
        redirect = observation.http.get(_REDIRECT)
        is_redirect = redirect is not None and redirect.verdict is Verdict.YES
        begins_with_tls = observation.endpoint.target.protocol == DEFAULT_PROTOCOL
        if fact is None and begins_with_tls and not may_be_http(observation):
            return not_applicable(
                "TLS comes first; other ports are endpoints of their own", required
            )
        is_open = fact is not None and fact.verdict is Verdict.YES
        if is_open and is_redirect and parameters.redirect:
            return Evaluation(
                outcome=Outcome.PASS,
                observed="HTTP answers, and redirects to HTTPS",
                required=required,
                evidence=redirect.evidence if redirect else None,
            )
        needs = observation.not_asked.get("answers_in_clear")
        return judge_fact(fact, Verdict.NO, words=words, required=required, needs=needs)

    return judge


def _starttls(name: str, wanted: Verdict, required: str, words: dict[Verdict, str]) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        fact = observation.plaintext.get(name)
        if fact is None and speaks_tls_first(observation.endpoint.target.protocol):
            return not_applicable("TLS comes first, there is no STARTTLS", required)
        needs = observation.not_asked.get(name)
        return judge_fact(fact, wanted, words=words, required=required, needs=needs)

    return judge


def _bind_offered(_: Nothing) -> Judge:
    return _starttls(
        "starttls_offered",
        Verdict.YES,
        "STARTTLS is offered",
        {Verdict.YES: "offered", Verdict.NO: "not offered", Verdict.UNKNOWN: "not learnt"},
    )


def _bind_enforced(_: Nothing) -> Judge:
    return _starttls(
        "starttls_enforced",
        Verdict.YES,
        "nothing is served before STARTTLS",
        {
            Verdict.YES: "enforced",
            Verdict.NO: "the session goes on without TLS",
            Verdict.UNKNOWN: "not learnt",
        },
    )


def _bind_login(_: Nothing) -> Judge:
    return _starttls(
        "login_before_tls",
        Verdict.NO,
        "no login before STARTTLS",
        {
            Verdict.YES: "a login is offered in clear",
            Verdict.NO: "no login is offered in clear",
            Verdict.UNKNOWN: "not learnt",
        },
    )


PLAINTEXT_RULES: Final = (
    Rule(
        id="no_plaintext",
        family=Family.PLAINTEXT,
        title="The service accepts no session without TLS.",
        why="Whatever goes in clear is read, and changed, on the way.",
        severity=Severity.HIGH,
        parameters=InClear,
        bind=_bind_clear,
    ),
    Rule(
        id="starttls_offered",
        family=Family.PLAINTEXT,
        title="STARTTLS is offered.",
        why="Without it the whole session is in clear.",
        severity=Severity.HIGH,
        parameters=Nothing,
        bind=_bind_offered,
    ),
    Rule(
        id="starttls_enforced",
        family=Family.PLAINTEXT,
        title="STARTTLS is enforced.",
        why="Who strips the offer on the way keeps the session in clear.",
        severity=Severity.MEDIUM,
        parameters=Nothing,
        bind=_bind_enforced,
    ),
    Rule(
        id="no_login_in_clear",
        family=Family.PLAINTEXT,
        title="No login is offered before STARTTLS.",
        why="Passwords go over the wire in clear (RFC 8314, section 3).",
        severity=Severity.HIGH,
        parameters=Nothing,
        bind=_bind_login,
    ),
)
