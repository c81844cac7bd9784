"""What does the server do without TLS? (RFC 8314; RFC 7590; CWE-319)

The check uses one connection on which it does not ask for TLS, and goes as far as the protocol allows without
credentials. It also reports whether STARTTLS, if offered, led to TLS in this visit.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, conversation_evidence
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Scripted
from probe.web.cookies import mask_cookies

PLAINTEXT: Final = (
    "answers_in_plaintext",
    "login_before_tls",
    "starttls_enforced",
    "starttls_offered",
)
STARTTLS_FACTS: Final = ("starttls_works",)

_REFUSALS: Final = frozenset({FailureKind.NOT_OFFERED, FailureKind.DECLINED})
_ALERT: Final = re.compile(rb"\x15\x03[\x00-\x04]", re.DOTALL)
_Look: TypeAlias = Scripted[PlaintextFindings | ConnectFailure]
_PATIENCE_SECONDS: Final = 2.0
"""How long a plaintext answer may take on a port where TLS is expected."""


async def check_plaintext(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``plaintext`` if the protocol has a plaintext phase before TLS, or can do without TLS."""
    dialogue, kind = await _look(prober, facts)
    if dialogue is None or "answers_in_plaintext" in facts.plaintext:
        return
    if kind is not None:
        facts.plaintext["answers_in_plaintext"] = _fact(dialogue, Verdict.UNKNOWN, kind)
    elif _ALERT.match(dialogue.heard):
        note = "plaintext is answered with a TLS alert"
        facts.plaintext["answers_in_plaintext"] = _fact(dialogue, Verdict.NO, note)
    else:
        facts.plaintext["answers_in_plaintext"] = _fact(dialogue, Verdict.UNKNOWN, _how(dialogue))


async def check_starttls(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``starttls_works``, and settles the case of a server that closes on plaintext and speaks TLS."""
    if facts.inputs.application.begins_in_plaintext:
        if facts.inputs.application.has_starttls:
            facts.plaintext["starttls_works"] = _works(prober, facts)
        return
    session = facts.plaintext.get("answers_in_plaintext")
    if session is None or session.verdict is not Verdict.UNKNOWN or not await prober.ask_control():
        return
    dialogue, _ = await _look(prober, facts)
    if dialogue is not None and _hangs_up(dialogue) and await prober.ask_control():
        note = f"{_how(dialogue)}, again, between two hellos that were answered"
        facts.plaintext["answers_in_plaintext"] = _fact(dialogue, Verdict.NO, note)


async def _look(prober: Prober, facts: VisitFacts) -> tuple[_Look | None, str | None]:
    """Records what the plaintext conversation shows, or why there was none."""
    if facts.inputs.application.looks_in_plaintext is None:
        return None, None
    dialogue = facts.inputs.application.looks_in_plaintext()
    patience = None if facts.inputs.application.begins_in_plaintext else _PATIENCE_SECONDS
    findings = await prober.converse_in_plaintext(dialogue, patience)
    if isinstance(findings, ConnectFailure):
        return dialogue, findings.detail
    for name, remark in findings.remarks.items():
        facts.plaintext[name] = _fact(dialogue, remark.verdict, remark.note, remark.value)
    return dialogue, None


def _hangs_up(dialogue: _Look) -> bool:
    return dialogue.ending in {Ending.CLOSED, Ending.RESET} and not dialogue.heard


def _how(dialogue: _Look) -> str:
    if dialogue.heard:
        return "the plaintext conversation proves neither"
    return f"{dialogue.ending or 'no end'} after plaintext, without an answer"


def _fact(dialogue: _Look, verdict: Verdict, note: str, value: str | None = None) -> Fact:
    heard = mask_cookies(dialogue.heard)
    proof = conversation_evidence(dialogue.said, heard, note, is_cut=dialogue.is_cut)
    return Fact(verdict=verdict, evidence=proof, value=value)


def _works(prober: Prober, facts: VisitFacts) -> Fact:
    proved = next(iter(facts.spoken.values()), None)
    if proved is not None:
        return proved.fact(Verdict.YES, "TLS began after it")
    answers = [one.answer for one in prober.exchanges if isinstance(one.answer, ConnectFailure)]
    refusal = next((one for one in answers if one.kind in _REFUSALS), None)
    if refusal is not None:
        return Fact(verdict=Verdict.NO, evidence=refusal.evidence())
    if answers:
        return Fact(verdict=Verdict.UNKNOWN, evidence=answers[0].evidence())
    note = "no TLS version was proved after it"
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
