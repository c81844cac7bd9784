"""Does the server accept an Encrypted ClientHello for the key that the DNS publishes (RFC 9849)?

One hello answers this: the HelloRetryRequest, or the ServerHello, of a server that has the key has a signal that
cannot be derived without decrypting the inner hello. A server without the key answers the outer hello. Does it have
other keys? It lists them in EncryptedExtensions if it cannot decrypt a hello. One without any recipient (GREASE,
section 6.2) goes with a question that needs the decrypted flight anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from pki.byte_reader import DecodeError
from probe.checks.answered_offers import answered_offer
from probe.checks.prober import Prober
from probe.checks.service_binding.records import records_of_endpoint
from probe.checks.visit_facts import VisitFacts
from probe.crypto.tls13_flight import Tls13Flight
from probe.crypto.tls13_keys import OPENED_SUITES
from probe.dialogue.answer import Answer, ConnectFailure, RetryRequest, ServerFlight
from probe.dialogue.exchange import in_words
from probe.dialogue.offer import Offer
from probe.dialogue.question import Question
from probe.tls.extensions import ExtensionType, body_of

if TYPE_CHECKING:
    from probe.crypto.ech import EchHello
    from probe.tls.ech import EchConfig

ECH_RETRY_CONFIGS: Final = "ech_retry_configs"
ECH_KEY_ACCEPTED: Final = "ech_key_accepted"

_TLSV1_3: Final = ProtocolVersion.TLSV1_3
_MAX_EVIDENCE: Final = 4096


def note_grease(facts: VisitFacts, flight: Tls13Flight) -> None:
    """Fills ``ech_retry_configs`` from the flight that answers a hello with an ECH that has no recipient.

    A server with ECH must list its keys then (section 7.1), but Caddy 2.11 does not: a no says nothing of ECH.
    """
    body = body_of(flight.extensions, ExtensionType.ENCRYPTED_CLIENT_HELLO)
    if body is None:
        verdict = Verdict.NO if flight.is_whole else Verdict.UNKNOWN
        note = "EncryptedExtensions without encrypted_client_hello"
        facts.features[ECH_RETRY_CONFIGS] = _of_flight(
            flight, verdict, note if flight.is_whole else None
        )
        return
    from probe.tls.ech import decode_ech_configs

    try:
        names = _names(decode_ech_configs(body))
    except DecodeError as error:
        note = f"EncryptedExtensions with a {error}"
        facts.features[ECH_RETRY_CONFIGS] = _of_flight(flight, Verdict.UNKNOWN, note)
        return
    note = f"EncryptedExtensions with retry_configs for {names or 'other versions of ECH'}"
    facts.features[ECH_RETRY_CONFIGS] = _of_flight(flight, Verdict.YES, note, names or None, body)


def _of_flight(
    flight: Tls13Flight,
    verdict: Verdict,
    note: str | None,
    value: str | None = None,
    decrypted: bytes | None = None,
) -> Fact:
    words = note or f"{in_words(flight.answer)}, without a readable flight after it"
    answer = decrypted if decrypted is not None else flight.answer.raw or None
    is_cut = answer is not None and len(answer) > _MAX_EVIDENCE
    evidence = Evidence(
        offer=flight.offered,
        answer=None if answer is None else answer[:_MAX_EVIDENCE],
        note=words,
        is_cut=is_cut,
    )
    return Fact(verdict=verdict, value=value, evidence=evidence)


async def check_ech(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``ech_key_accepted`` if a key is published, or the owner states one."""
    fact = await ask_with_published_key(prober, facts)
    if fact is not None:
        facts.features[ECH_KEY_ACCEPTED] = fact


async def ask_with_published_key(prober: Prober, facts: VisitFacts) -> Fact | None:
    """Whether the server decrypts a hello for the published key; None if there is no key."""
    published = _published(facts)
    if published is None:
        return None
    if _TLSV1_3 not in facts.spoken:
        return _without_tls13(facts)
    # Visits without a published key start without these modules.
    from probe.crypto.ech import ech_hello
    from probe.tls.ech import decode_ech_configs

    try:
        configs = decode_ech_configs(published)
    except DecodeError as error:
        return _unasked(f"the ECHConfigList that clients get is unusable: {error}")
    hello = ech_hello(_asked(facts), configs, prober.nonce)
    if hello is None:
        return _unasked("no configuration in the ECHConfigList can be used here")
    answer = await prober.converse(Question(hello.offered))
    return _judge(facts, hello, answer)


def _published(facts: VisitFacts) -> bytes | None:
    """The list that the target's owner states, or that of the first record with one that leads to the endpoint."""
    if facts.inputs.ech_config_list is not None:
        return facts.inputs.ech_config_list
    records = records_of_endpoint(facts)
    return next((record.ech for record in records if record.ech is not None), None)


def _asked(facts: VisitFacts) -> Offer:
    """The inner hello: only suites whose hash is known here."""
    accepted = answered_offer(facts, _TLSV1_3).cipher_suites
    known = tuple(suite for suite in accepted if suite in OPENED_SUITES)
    return answered_offer(facts, _TLSV1_3, known)


def _judge(facts: VisitFacts, hello: EchHello, answer: Answer) -> Fact:
    name = hello.config.public_name.decode("ascii")
    key = f"the key {hello.config.config_id} of {name}"
    if isinstance(answer, ConnectFailure):
        return Fact(verdict=Verdict.UNKNOWN, evidence=answer.evidence())
    if hello.is_accepted_by(answer):
        where = "HelloRetryRequest" if isinstance(answer, RetryRequest) else "ServerHello"
        note = f"{where} with the signal that the inner hello was decrypted with {key}"
        return _of_answer(hello, answer, Verdict.YES, note, name)
    if isinstance(answer, ServerFlight | RetryRequest):
        note = f"{in_words(answer)} without the signal of acceptance: ECH with {key} is rejected"
        others = facts.features.get(ECH_RETRY_CONFIGS)
        if others is not None and others.verdict is Verdict.YES:
            note += "; the server has other keys"
        return _of_answer(hello, answer, Verdict.NO, note, name)
    return _of_answer(hello, answer, Verdict.UNKNOWN, f"{in_words(answer)} to ECH with {key}")


def _of_answer(
    hello: EchHello, answer: Answer, verdict: Verdict, note: str, value: str | None = None
) -> Fact:
    raw = b"" if isinstance(answer, ConnectFailure) else answer.raw
    evidence = Evidence(
        offer=hello.offered,
        answer=raw[:_MAX_EVIDENCE] or None,
        note=note,
        is_cut=len(raw) > _MAX_EVIDENCE,
    )
    return Fact(verdict=verdict, value=value, evidence=evidence)


def _without_tls13(facts: VisitFacts) -> Fact:
    """ECH needs TLS 1.3 (section 6.1)."""
    version = facts.protocols.get(_TLSV1_3)
    if version is None or version.verdict is not Verdict.NO:
        return _unasked("it is not known whether the server speaks TLS 1.3")
    return Fact(verdict=Verdict.NO, evidence=version.evidence)


def _unasked(note: str) -> Fact:
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))


def _names(configs: tuple[EchConfig, ...]) -> str:
    names = (one.public_name.decode("ascii") for one in configs if one.has_host_name)
    return ",".join(dict.fromkeys(names))
