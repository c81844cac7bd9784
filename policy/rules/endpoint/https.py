"""Rules on HTTPS: redirects to it, HSTS (RFC 6797), and cookies (RFC 6265bis).

They apply if the service answered an HTTP request, or if its ALPN or its port indicates HTTP.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.judging.asked import may_be_http
from model.verdict import Verdict
from policy.judging.partial_results import judge_fact, not_applicable, unknown
from policy.judging.sentences import with_value
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject


class Hsts(Parameters):
    """The smallest ``max_age`` allowed, in seconds, and whether the directives must be present."""

    max_age: int = Field(default=1, ge=1)
    include_subdomains: bool = False
    preload: bool = False


class Nothing(Parameters):
    """No parameters."""


def _fact_judge(name: str, required: str, violation: str, words: dict[Verdict, str]) -> Judge:
    """A Judge that requires the HTTP fact ``name`` to be yes."""

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        if not may_be_http(observation):
            return not_applicable("there is no sign of HTTP", required)
        return judge_fact(
            observation.http.get(name),
            Verdict.YES,
            words=words,
            required=required,
            violation=violation,
            needs=observation.not_asked.get(name),
        )

    return judge


def _bind_redirect(_: Nothing) -> Judge:
    required = "HTTP is closed, or redirects to HTTPS"
    redirects = _fact_judge(
        "redirects_to_https",
        required,
        "HTTP does not redirect to HTTPS",
        {
            Verdict.YES: "redirects to HTTPS",
            Verdict.NO: "HTTP answers without a redirect to HTTPS",
            Verdict.UNKNOWN: "not known",
        },
    )

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        in_plaintext = observation.plaintext.get("answers_in_plaintext")
        is_closed = in_plaintext is not None and in_plaintext.verdict is Verdict.NO
        if is_closed and "redirects_to_https" not in observation.http:
            return Evaluation(
                outcome=Outcome.PASS,
                observed="HTTP is closed",
                required=required,
                evidence=in_plaintext.evidence if in_plaintext else None,
            )
        downgrade = observation.http.get("redirect_downgrade")
        if downgrade is not None and downgrade.verdict is Verdict.YES:
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=with_value("HTTPS redirects to plain HTTP", downgrade.value),
                required=required,
                violation=with_value("HTTPS redirects to plain HTTP", downgrade.value),
                evidence=downgrade.evidence,
            )
        return redirects(subject)

    return judge


def _bind_hsts(parameters: Hsts) -> Judge:
    directives = {
        "hsts_include_subdomains": ("includeSubDomains", parameters.include_subdomains),
        "hsts_preload": ("preload", parameters.preload),
    }
    wanted = [word for word, is_wanted in directives.values() if is_wanted]
    required = "; ".join(
        [f"Strict-Transport-Security: max-age={parameters.max_age} or more", *wanted]
    )
    header = _fact_judge(
        "hsts",
        required,
        "No Strict-Transport-Security header (HSTS)",
        {Verdict.YES: "max-age", Verdict.NO: "no such header", Verdict.UNKNOWN: "not known"},
    )

    def judge(subject: Subject) -> Evaluation:
        ruling = header(subject)
        if ruling.outcome is not Outcome.PASS:
            return ruling
        facts = subject.observation.http
        age = facts["hsts"].value or ""
        if not age.isdecimal():
            return unknown(f"max-age cannot be read ({age})", required, ruling.evidence)
        missing = [
            word
            for name, (word, is_wanted) in directives.items()
            if is_wanted and ((fact := facts.get(name)) is None or fact.verdict is not Verdict.YES)
        ]
        is_long = int(age) >= parameters.max_age
        lack = f", without {' and '.join(missing)}" if missing else ""
        faults = [f"max-age is {age} s, at least {parameters.max_age} s required"] * (not is_long)
        faults += [f"{word} is missing" for word in missing]
        return Evaluation(
            outcome=Outcome.FAIL if faults else Outcome.PASS,
            observed=f"max-age={age}{lack}",
            required=required,
            violation=f"HSTS is too weak: {', '.join(faults)}" if faults else "",
            evidence=ruling.evidence,
        )

    return judge


def _bind_cookies(_: Nothing) -> Judge:
    required = "every cookie is Secure"
    cookies = _fact_judge(
        "secure_cookies",
        required,
        "Cookie without the Secure attribute",
        {
            Verdict.YES: "every cookie is Secure",
            Verdict.NO: "a cookie is not Secure",
            Verdict.UNKNOWN: "not known",
        },
    )

    def judge(subject: Subject) -> Evaluation:
        facts = subject.observation.http
        if "status" in facts and "secure_cookies" not in facts:
            return not_applicable("no cookie is set", required)
        return cookies(subject)

    return judge


HTTPS_RULES: Final = (
    Rule(
        identifier="TP-HTTPS-001",
        name="https_redirect",
        family=Family.HTTPS,
        requirement="HTTP must be closed or redirect to HTTPS",
        violation="HTTP does not redirect to HTTPS",
        why="Users type names without https://, and old links lack it.",
        severity=Severity.MEDIUM,
        parameters=Nothing,
        bind=_bind_redirect,
    ),
    Rule(
        identifier="TP-HTTPS-002",
        name="hsts",
        family=Family.HTTPS,
        requirement="HSTS must make browsers use HTTPS for long enough",
        violation="HSTS is missing or too weak",
        why="Without it the first request is plaintext, and an attacker can keep it so (RFC 6797).",
        severity=Severity.MEDIUM,
        parameters=Hsts,
        bind=_bind_hsts,
    ),
    Rule(
        identifier="TP-HTTPS-003",
        name="secure_cookies",
        family=Family.HTTPS,
        requirement="Every cookie must have the Secure attribute",
        violation="A cookie lacks the Secure attribute",
        why="Browsers send other cookies in plaintext with the first request over HTTP.",
        severity=Severity.MEDIUM,
        parameters=Nothing,
        bind=_bind_cookies,
    ),
)
