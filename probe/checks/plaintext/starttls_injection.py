"""Does the server act on commands that came in plaintext before TLS began? (CVE-2011-0411 and similar)

The check uses one connection: harmless commands in the same packet as the command that begins TLS, then the
handshake, then a final command. A server that answers both has kept the injected commands. A server that
drops them answers only the final command. If TLS does not begin after the injected commands, twice and while
the server answers hellos, the server kept nothing: Dovecot closes, vsftpd reads them as a TLS record,
OpenLDAP answers them in plaintext.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.verdict import Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import Ending, conversation_evidence
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.handshake import Handshake, HandshakeEnd, PostHandshakeAction
from probe.tls.limits import MAX_EVIDENCE_LENGTH

STARTTLS_INJECTION: Final = "starttls_injection"
_LONGEST_NOTE: Final = 300


async def check_starttls_injection(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``vulnerabilities`` if TLS begins with a command that other commands may follow."""
    injection = facts.inputs.application.injection
    if injection is None or not facts.spoken:
        return
    version = max(facts.spoken)
    offer = replace(
        facts.usual_handshake(version),
        post_handshake=PostHandshakeAction.WORDS,
        words=injection.words,
        injects=injection.injected,
    )
    handshake = await prober.handshake(offer)
    if _is_prevented(handshake) and await prober.ask_control():
        handshake = await prober.handshake(offer)
        if _is_prevented(handshake):
            why = "no TLS after an injected command, twice, although normal hellos were answered"
            note = f"{why}: {handshake.note}"
            facts.vulnerabilities[STARTTLS_INJECTION] = handshake.fact(
                Verdict.NO, note[:_LONGEST_NOTE]
            )
            return
    facts.vulnerabilities[STARTTLS_INJECTION] = _judged(handshake, injection)


def _is_prevented(handshake: Handshake) -> bool:
    """Whether no TLS session followed, for a reason other than silence."""
    return not handshake.reply and handshake.ending is not Ending.SILENCE


def _judged(handshake: Handshake, injection: Injection) -> Fact:
    if handshake.end is not HandshakeEnd.ACCEPTED or not handshake.reply:
        return handshake.fact(Verdict.UNKNOWN, f"no answer inside TLS: {handshake.note}")
    if injection.acted_on.search(handshake.reply):
        note = (
            f"{injection.injected!r}, sent before TLS, is answered inside TLS: {handshake.reply!r}"
        )
        return _fact(handshake, injection, Verdict.YES, note)
    if injection.dropped.search(handshake.reply):
        note = f"only the command sent inside TLS is answered: {handshake.reply!r}"
        return _fact(handshake, injection, Verdict.NO, note)
    note = f"an answer of unknown meaning: {handshake.reply[:80]!r}"
    return _fact(handshake, injection, Verdict.UNKNOWN, note)


def _fact(handshake: Handshake, injection: Injection, verdict: Verdict, note: str) -> Fact:
    """The proof is the bytes sent before and inside TLS, and the server's answer inside TLS."""
    said = injection.command + injection.injected + injection.words
    heard = handshake.reply[:MAX_EVIDENCE_LENGTH]
    is_cut = len(handshake.reply) > MAX_EVIDENCE_LENGTH
    proof = conversation_evidence(said, heard, note[:_LONGEST_NOTE], is_cut=is_cut)
    return Fact(verdict=verdict, evidence=proof)
