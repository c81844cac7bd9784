"""Rules on revocation: a chain must not be revoked, and the server must staple the proof."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import Field

from model.certificates.certificate import Revocation, ServedChain
from model.certificates.lifetime import Lifetime
from model.findings.finding import Outcome, Severity
from model.verdict import Verdict
from policy.judging.partial_results import (
    ChainParameters,
    Part,
    judge_fact,
    not_applicable,
    of_each_chain,
)
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_STAPLING: Final = "ocsp_stapling"
_WORDS: Final = {
    Verdict.YES: "an OCSP response is stapled",
    Verdict.NO: "no OCSP response is stapled",
    Verdict.UNKNOWN: "not known",
}


_VIOLATION: Final = "No OCSP response is stapled"


class ShortLived(ChainParameters):
    """Leaves with a lifetime of at most ``short_lived_days`` need no revocation status (BR 4.9.9: 7 days)."""

    short_lived_days: float = Field(default=7, ge=0, le=30)


class Stapling(Parameters):
    """``only_with_responder``: certificates that name no OCSP responder are not judged."""

    only_with_responder: bool = True


def _bind_not_revoked(parameters: ShortLived) -> Judge:
    short = timedelta(days=parameters.short_lived_days)

    def say(chain: ServedChain, subject: Subject) -> Part:
        revoked = [word for word in chain.revocations if word.is_revoked is Verdict.YES]
        if revoked:
            return Outcome.FAIL, _which(revoked[0])
        good = [
            word
            for word in chain.revocations
            if word.is_revoked is Verdict.NO and word.position == 0
        ]
        if any(_is_current(word, subject) for word in good):
            return Outcome.PASS, f"not revoked, by {good[0].method.value}"
        lifetime = Lifetime.of(chain.leaf.not_before, chain.leaf.not_after)
        if lifetime is not None and lifetime.whole < short:
            return Outcome.NOT_APPLICABLE, "short-lived"
        if good:
            return Outcome.UNKNOWN, "its revocation status is out of date"
        if not (chain.leaf.ocsp_urls or chain.leaf.crl_urls or chain.revocations):
            return Outcome.UNKNOWN, "the certificate names no revocation source"
        reasons = [word.reason for word in chain.revocations if word.reason]
        return Outcome.UNKNOWN, reasons[0] if reasons else "its revocation sources were not queried"

    return of_each_chain(
        "not revoked, by a current response of its CA",
        say,
        violation="chain is revoked: {}",
        only_public=parameters.only_public,
    )


def _is_current(word: Revocation, subject: Subject) -> bool:
    return word.next_update is None or word.next_update >= subject.at


def _which(word: Revocation) -> str:
    which = "the leaf is" if word.position == 0 else f"certificate {word.position + 1} is"
    reason = f" ({word.reason})" if word.reason else ""
    return f"{which} revoked, by {word.method.value}{reason}"


def _bind_stapling(parameters: Stapling) -> Judge:
    required = _WORDS[Verdict.YES]

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        chains = observation.own_certificates
        names_none = bool(chains) and not any(chain.leaf.ocsp_urls for chain in chains)
        fact = observation.features.get(_STAPLING)
        is_there = fact is not None and fact.verdict is Verdict.YES
        if parameters.only_with_responder and names_none and not is_there:
            return not_applicable("no certificate names an OCSP responder", required)
        return judge_fact(fact, Verdict.YES, words=_WORDS, required=required, violation=_VIOLATION)

    return judge


REVOCATION_RULES: Final = (
    Rule(
        identifier="TP-REVOCATION-001",
        name="certificate_not_revoked",
        family=Family.REVOCATION,
        requirement="No certificate of the chain may be revoked",
        violation="A certificate of the chain is revoked",
        why="A CA revokes certificates whose keys were stolen or that were issued in error.",
        severity=Severity.CRITICAL,
        parameters=ShortLived,
        bind=_bind_not_revoked,
    ),
    Rule(
        identifier="TP-REVOCATION-002",
        name="ocsp_stapling",
        family=Family.REVOCATION,
        requirement="The server must staple an OCSP response",
        violation="No OCSP response is stapled",
        why="Clients learn of a revocation without asking the CA, which then does not see where they connect.",
        severity=Severity.LOW,
        parameters=Stapling,
        bind=_bind_stapling,
    ),
)
