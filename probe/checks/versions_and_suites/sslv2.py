"""Does the server speak SSL 2.0, and with which cipher kinds?

The check sends one CLIENT-HELLO with every kind of the registry. The SERVER-HELLO lists what both sides have,
so it completes the set by itself. An alert, SSL 2.0's own ERROR, or a close or reset confirmed together with
the control means no. So does a SERVER-HELLO without any kind: a correct client cannot continue, though old
OpenSSL let a client that tried anyway (CVE-2015-3197), which the note reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeGuard

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import SSLV2_CIPHER_KINDS
from model.verdict import Evidence, Fact, Preference, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    NoHello,
    NotTls,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.exchange import confirmation, in_words
from probe.dialogue.outcome import is_reset, outcome_of
from probe.dialogue.sslv2 import (
    SSLV2,
    Sslv2Answer,
    Sslv2Error,
    Sslv2Question,
    Sslv2ServerHello,
    encode_client_hello,
)

_EVERY_KIND = tuple(kind.code_point for kind in SSLV2_CIPHER_KINDS)
_NAMES = {kind.code_point: kind.name for kind in SSLV2_CIPHER_KINDS}
_NO_KIND = "SERVER-HELLO without any cipher kind (CVE-2015-3197 where OpenSSL is older than 1.0.2f)"


async def check_sslv2(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``protocols`` for SSL 2.0, and its cipher kinds and certificate if the server speaks it.

    Not asked if nothing listens, or if the server spoke a protocol other than TLS. Asked twice only if a
    version was proved in between: then there is a control.
    """
    if not facts.spoken and (_is_other(prober) or facts.answers_in_plaintext):
        return
    known = facts.protocols.get(ProtocolVersion.SSLV2)
    if known is None or (facts.spoken and known.verdict is Verdict.UNKNOWN):
        known = await _ask(prober, facts)
    if known.verdict is Verdict.YES and not facts.spoken:
        await _ask_tls_again(prober, facts)


async def ask_sslv2_early(prober: Prober, facts: VisitFacts) -> None:
    """Asks before the many other hellos that a server gets if it has answered none: a server that speaks SSL
    2.0 alone, and serves one client at a time, may be too slow for all of them."""
    if ProtocolVersion.SSLV3 in facts.inputs.asked_versions and not _is_other(prober):
        await _ask(prober, facts)


async def _ask(prober: Prober, facts: VisitFacts) -> Fact:
    offered = encode_client_hello(_EVERY_KIND, prober.nonce)
    answer = await prober.converse(Sslv2Question(offered))
    if _is_silence(answer) and not facts.spoken and any(map(_is_end, _answers(prober))):
        # It ends other connections, so it may have been busy with them.
        answer = await prober.converse(Sslv2Question(offered))
    is_confirmed = False
    if _is_end(answer) and await prober.ask_control():
        again = await prober.converse(Sslv2Question(offered))
        is_same = isinstance(again, NoHello) and again.ending is answer.ending
        is_confirmed = is_same and (not is_reset(again) or await prober.ask_control())
        answer = again
    fact = _fact(offered, answer, is_confirmed=is_confirmed)
    facts.protocols[ProtocolVersion.SSLV2] = fact
    facts.sslv2_lists_no_kind = isinstance(answer, Sslv2ServerHello) and not answer.cipher_kinds
    if isinstance(answer, Sslv2ServerHello) and answer.cipher_kinds:
        _write_down(answer, offered, facts)
    return fact


def _answers(prober: Prober) -> Iterator[Answer]:
    return (one.answer for one in prober.exchanges)


def _is_other(prober: Prober) -> bool:
    """Whether nothing listens, or the server spoke a protocol other than TLS."""
    return any(isinstance(one, ConnectFailure | NotTls) for one in _answers(prober))


def _is_silence(answer: object) -> bool:
    return isinstance(answer, NoHello) and answer.ending is Ending.SILENCE


def _is_end(answer: object) -> TypeGuard[NoHello]:
    """Whether the connection ended without an answer, by a close or by a reset."""
    return isinstance(answer, NoHello) and answer.ending is not Ending.SILENCE


def _fact(offered: bytes, answer: Sslv2Answer, *, is_confirmed: bool) -> Fact:
    match answer:
        case Sslv2ServerHello(cipher_kinds=kinds):
            verdict, note = (Verdict.YES, "SERVER-HELLO") if kinds else (Verdict.NO, _NO_KIND)
        case Sslv2Error(code=code):
            verdict, note = Verdict.NO, f"SSL 2.0 ERROR {code}"
        case TlsAlert() | ServerFlight():
            verdict, note = Verdict.NO, in_words(answer)
        case NoHello() if is_confirmed:
            verdict, note = Verdict.NO, f"{in_words(answer)}{confirmation(answer)}"
        case _:
            verdict, note = Verdict.UNKNOWN, in_words(answer)
    if isinstance(answer, ConnectFailure):
        return Fact(verdict=verdict, evidence=answer.evidence(note))
    evidence = Evidence(offer=offered, answer=answer.raw or None, note=note)
    return Fact(verdict=verdict, evidence=evidence)


async def _ask_tls_again(prober: Prober, facts: VisitFacts) -> None:
    """Settles the versions whose hello was answered with a close or a reset; SSL 2.0's answer is the control."""
    ended = {one.offer.version: one for one in prober.exchanges if _is_end(one.answer)}
    for version, first in ended.items():
        again = replace(await prober.ask_once(first.offer), confirmed=True)
        if again.is_refusal and outcome_of(again.answer) == outcome_of(first.answer):
            facts.protocols[version] = Fact(verdict=Verdict.NO, evidence=again.evidence())


def _write_down(hello: Sslv2ServerHello, offered: bytes, facts: VisitFacts) -> None:
    proof = Evidence(offer=offered, answer=hello.raw, note="SERVER-HELLO lists it")
    names = tuple(_NAMES.get(kind, f"0x{kind:06X}") for kind in dict.fromkeys(hello.cipher_kinds))
    facts.cipher_suites[ProtocolVersion.SSLV2] = AcceptedSet(
        accepted=names,
        complete=hello.version == SSLV2,
        preference=Preference.CLIENT if len(names) > 1 else Preference.UNKNOWN,
        evidence=dict.fromkeys(names, proof),
        refusal=Evidence(offer=offered, answer=hello.raw, note="SERVER-HELLO lists no other"),
    )
    facts.sslv2_certificate = hello.certificate
