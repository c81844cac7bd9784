"""Which host keys does an SSH server have, and does it have their private halves? (RFC 4253, sections 6.6 and 8)

Each type of key that the server's KEXINIT lists costs one key exchange: the server signs the exchange hash
with the key. The first conversation has shown one of them. Questions follow one another and their number is
limited, because OpenSSH refuses clients that open too many connections without a login (MaxStartups,
PerSourcePenalties).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.judging.ssh import END_FORMAT, NEVER
from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.ssh.offers import ML_KEM, for_key, for_ml_kem
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ssh.certificate_signature import check_ca_signature
from probe.crypto.ssh.exchange import SshAnswer, SshExchange, SshOffer
from probe.crypto.ssh.shared_secret import METHODS
from probe.dialogue.answer import ConnectFailure
from probe.ssh.host_key import KEY_TYPES, NO_END, HostCertificate, KeyType
from probe.ssh.messages import KexInit

MOST_CONNECTIONS: Final = 8
"""Of one visit, the first conversation included."""

POST_QUANTUM: Final = "post_quantum_key_exchange"
_KEY: Final = "host_key_{}"
_END: Final = "{}_ends"
"""The end of a certificate's validity."""
_SIGNATURE: Final = "{}_signature"
"""Whether the CA signed the certificate; absent if there is no certificate."""
HOST_KEY_FACTS: Final = (
    *(_KEY.format(one.label) for one in KEY_TYPES),
    *(
        form.format(_KEY.format(one.label))
        for form in (_END, _SIGNATURE)
        for one in KEY_TYPES
        if one.is_certificate
    ),
    POST_QUANTUM,
)


async def check_host_keys(prober: Prober, facts: VisitFacts) -> None:
    """Fills the facts of host keys and of the post-quantum key exchange, if KEXINIT is known."""
    first = facts.ssh_answers[0] if facts.ssh_answers else None
    if not isinstance(first, SshAnswer) or first.kexinit is None:
        return
    kexinit = first.kexinit
    facts.ssh[POST_QUANTUM] = await _ask_ml_kem(prober, facts, first, kexinit)
    listed = kexinit.named("server_host_key_algorithms")
    for key_type in KEY_TYPES:
        name = _KEY.format(key_type.label)
        if not set(key_type.algorithms) & set(listed):
            proof = first.evidence("the server's complete KEXINIT does not list it")
            _note(facts, name, key_type, Fact(verdict=Verdict.NO, evidence=proof))
            continue
        answer = _known(facts, key_type) or await _ask(prober, facts, for_key(kexinit, key_type))
        _note_key(facts, name, key_type, answer)


async def _ask_ml_kem(
    prober: Prober, facts: VisitFacts, first: SshAnswer, kexinit: KexInit
) -> Fact:
    if ML_KEM not in kexinit.named("kex_algorithms"):
        if facts.ssh["post_quantum_offered"].verdict is Verdict.NO:
            proof = first.evidence("the server's complete KEXINIT lists none")
            return Fact(verdict=Verdict.NO, evidence=proof)
        proof = first.evidence(f"tlsprobe can finish only {ML_KEM}, which KEXINIT does not list")
        return Fact(verdict=Verdict.UNKNOWN, evidence=proof)
    answer = await _ask(prober, facts, for_ml_kem(kexinit))
    if isinstance(answer, SshAnswer) and answer.host_key is not None and answer.unproved is None:
        proof = answer.evidence("the server signed the finished exchange")
        return Fact(verdict=Verdict.YES, value=ML_KEM, evidence=proof)
    return _unknown(answer)


async def _ask(
    prober: Prober, facts: VisitFacts, offer: SshOffer
) -> SshAnswer | ConnectFailure | None:
    """The answer, or None if the visit has used its connections."""
    if len(facts.ssh_answers) >= MOST_CONNECTIONS:
        return None
    answer = await prober.converse_in_plaintext(SshExchange(offer, prober.nonce))
    facts.ssh_answers.append(answer)
    return answer


def _known(facts: VisitFacts, key_type: KeyType) -> SshAnswer | ConnectFailure | None:
    """An earlier answer that shows a key of this type."""
    for answer in facts.ssh_answers:
        key = answer.host_key if isinstance(answer, SshAnswer) else None
        if key is not None and key.blob_type == key_type.blob_type:
            return answer
    return None


def _note_key(
    facts: VisitFacts, name: str, key_type: KeyType, answer: SshAnswer | ConnectFailure | None
) -> None:
    """Records the key that the answer shows."""
    key = answer.host_key if isinstance(answer, SshAnswer) else None
    if not isinstance(answer, SshAnswer) or key is None or key.blob_type != key_type.blob_type:
        _note(facts, name, key_type, _unknown(answer))
        return
    is_proved = answer.unproved is None
    verdict = Verdict.YES if is_proved else Verdict.UNKNOWN
    note = "the server signed the exchange hash with it" if is_proved else answer.unproved or ""
    proof = answer.evidence(note)
    words = f"{key.bits} {key.fingerprint}"
    if (certificate := key.certificate) is not None:
        names = ",".join(certificate.principals) or "any host"
        words = f"{words} for {names}, CA {certificate.ca_fingerprint}"
    found = Fact(verdict=verdict, value=words, evidence=proof)
    _note(facts, name, key_type, found, None if certificate is None else _end_of(certificate))
    if certificate is not None:
        signature = check_ca_signature(certificate)
        facts.ssh[_SIGNATURE.format(name)] = Fact(
            verdict=signature.verdict,
            value=signature.authority,
            evidence=answer.evidence(signature.note),
        )


def _note(
    facts: VisitFacts, name: str, key_type: KeyType, found: Fact, end: str | None = None
) -> None:
    """Records the key, and the end of its certificate with the same verdict."""
    facts.ssh[name] = found
    if key_type.is_certificate:
        facts.ssh[_END.format(name)] = replace(found, value=end)
        if found.verdict is Verdict.UNKNOWN:
            facts.ssh[_SIGNATURE.format(name)] = replace(found, value=None)


def _end_of(certificate: HostCertificate) -> str:
    return (
        NEVER
        if certificate.valid_before == NO_END
        else certificate.valid_before.strftime(END_FORMAT)
    )


def _unknown(answer: SshAnswer | ConnectFailure | None) -> Fact:
    """A key exchange without the result that was asked for."""
    return Fact(verdict=Verdict.UNKNOWN, evidence=_evidence_without_result(answer))


def _evidence_without_result(answer: SshAnswer | ConnectFailure | None) -> Evidence:
    match answer:
        case None:
            note = f"not asked: a visit opens at most {MOST_CONNECTIONS} connections"
            return Evidence(note=note)
        case ConnectFailure():
            return answer.evidence()
        case SshAnswer(unproved=str(why)):
            return answer.evidence(why)
        case SshAnswer(method=None, kexinit=KexInit()):
            known = ", ".join(METHODS)
            return answer.evidence(f"no key exchange that tlsprobe can finish: {known}")
        case _:
            return answer.evidence(answer.outcome)
