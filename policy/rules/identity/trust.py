"""Rules on trust in a chain: trust stores, the names that it covers, and the CAs that may issue it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from model.certificates.certificate import ServedChain
from model.findings.finding import Outcome, Severity
from model.verdict import Verdict
from policy.judging.partial_results import ChainParameters, Part, listed, of_each_chain
from policy.rule import Family, Judge, Rule, Subject

_OUTCOMES: Final = {
    Verdict.YES: Outcome.PASS,
    Verdict.NO: Outcome.FAIL,
    Verdict.UNKNOWN: Outcome.UNKNOWN,
}


_TRUST_WORDS: Final = {
    Verdict.YES: "trusted by",
    Verdict.NO: "not trusted by",
    Verdict.UNKNOWN: "not known whether trusted by",
}


class Stores(ChainParameters):
    """``any_of``: trust stores by their names in the configuration; one must trust the chain. Default: all.

    ``strict``: a verifier that enforces the Web PKI profile must trust it too.
    """

    any_of: tuple[str, ...] = ()
    strict: bool = False


class Authorities(ChainParameters):
    """``allowed``: names (RFC 4514) or SHA-256 of certificates; one must be an issuer of the leaf.

    In names, ``*`` stands for anything: ``*CN=Corporate Issuing CA*``.
    """

    allowed: tuple[str, ...] = Field(min_length=1)


class Names(ChainParameters):
    """``allowed``: patterns such as ``*.example.com``; a certificate may have no other names.

    Without patterns, the certificate must be for the name that was requested.
    """

    allowed: tuple[str, ...] = ()


def _bind_trusted(parameters: Stores) -> Judge:
    words = f"trusted by {listed(parameters.any_of)}" if parameters.any_of else "trusted"
    required = f"{words}, also by a strict verifier" if parameters.strict else words

    def say(chain: ServedChain, _: Subject) -> Part:
        asked = {
            name: found
            for name, found in chain.trust.items()
            if not parameters.any_of or name in parameters.any_of
        }
        if not asked:
            return Outcome.UNKNOWN, "not verified against any of these stores"
        parts: list[Part] = []
        for name, found in asked.items():
            verdict, reason = found.verdict, found.reason
            if parameters.strict and verdict is Verdict.YES:
                verdict, reason = found.strict, found.strict_reason
            because = f" ({reason.rstrip('.')})" if reason else ""
            text = f"{_TRUST_WORDS[verdict]} {name}{because}"
            parts.append((_OUTCOMES[verdict], text))
        for wanted in (Outcome.PASS, Outcome.UNKNOWN):
            for outcome, text in parts:
                if outcome is wanted:
                    return outcome, text
        return Outcome.FAIL, "; ".join(text for _, text in parts)

    return of_each_chain(
        required,
        say,
        violation="chain is {}",
        only_public=parameters.only_public,
    )


def _bind_authorities(parameters: Authorities) -> Judge:
    allowed = tuple(one.casefold() for one in parameters.allowed)

    def fits(text: str | None) -> bool:
        folded = (text or "").casefold()
        return any(folded == one or fnmatchcase(folded, one) for one in allowed)

    def say(chain: ServedChain, _: Subject) -> Part:
        leaf = chain.leaf
        if leaf.issuer is None:
            return Outcome.UNKNOWN, "its issuer cannot be read"
        above = [(one.subject, one.sha256) for one in chain.chain[1:]]
        is_met = fits(leaf.issuer) or any(fits(name) or fits(digest) for name, digest in above)
        return (Outcome.PASS if is_met else Outcome.FAIL), f"issued by {leaf.issuer}"

    return of_each_chain(
        f"issued by {listed(parameters.allowed)}",
        say,
        violation="is {}, which is not allowed",
        only_public=parameters.only_public,
    )


def _bind_names(parameters: Names) -> Judge:
    patterns = tuple(one.casefold() for one in parameters.allowed)
    required = "a certificate for the requested name"
    if patterns:
        required += f", and for no names except {listed(parameters.allowed)}"

    def say(chain: ServedChain, _: Subject) -> Part:
        names = [*chain.leaf.dns_names, *chain.leaf.ip_addresses]
        strange = [
            name
            for name in names
            if patterns and not any(fnmatchcase(name.casefold(), one) for one in patterns)
        ]
        if strange:
            return Outcome.FAIL, f"for names that are not allowed: {listed(strange)}"
        observed = f"for {listed(names)}"
        return _OUTCOMES[chain.hostname_matches], observed

    return of_each_chain(required, say, violation="is {}", only_public=parameters.only_public)


TRUST_RULES: Final = (
    Rule(
        identifier="TP-TRUST-001",
        name="certificate_trusted",
        family=Family.TRUST,
        requirement="The certificate chain must be trusted",
        violation="The certificate chain is not trusted",
        why="A client that accepts an untrusted chain accepts an attacker's too.",
        severity=Severity.HIGH,
        parameters=Stores,
        bind=_bind_trusted,
    ),
    Rule(
        identifier="TP-TRUST-002",
        name="certificate_authorities",
        family=Family.TRUST,
        requirement="The certificate must be issued by an allowed CA",
        violation="The certificate is issued by a CA that is not allowed",
        why="A certificate from another CA is unmanaged, or an attacker's.",
        severity=Severity.MEDIUM,
        parameters=Authorities,
        bind=_bind_authorities,
    ),
    Rule(
        identifier="TP-TRUST-003",
        name="certificate_names",
        family=Family.TRUST,
        requirement="The certificate must be for the requested name",
        violation="The certificate is for other names",
        why="A certificate without the name only proves that some server answered (RFC 9525).",
        severity=Severity.HIGH,
        parameters=Names,
        bind=_bind_names,
    ),
)
