"""Does the server distinguish well-formed RSA key exchanges from others (ROBOT, CVE-2017-13099 and more)?

The check sends five ClientKeyExchanges, of which PKCS#1 version 1.5 allows only the first, each with an
invalid Finished. RFC 5246, section 7.4.7.1, requires the same reaction to all; a different one is
Bleichenbacher's oracle. If all reactions are alike, the check repeats the questions without a Finished,
because some servers differ only then. Differences count only if they are the same in two rounds, which
excludes noise. The five questions serve as controls of each other. Silence may be due to the load of five
parallel questions: if a reaction is silence, they are repeated one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import alert_name, cipher_suite_by_code_point
from model.verdict import Evidence, Fact, Verdict
from pki.byte_reader import vector
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.strict_reading import load_certificate
from probe.checks.answered_offers import accepted_suites, answered_offer
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.checks.vulnerabilities.raw_probes import GOODBYE, proof, send_raw_probe
from probe.dialogue.answer import ConnectFailure, Ending, ServerFlight
from probe.dialogue.offer import Offer
from probe.dialogue.raw_probe import ProbeResponse, Words
from probe.tls.record import ContentType, HandshakeType, encode_handshake, encode_record

_PREMASTER_LENGTH: Final = 48
_FINISHED_LENGTH: Final = 40
_REPEATS: Final = 2

_Plaintext: TypeAlias = Callable[[int, bytes], bytes]
"""A block to encrypt, from the length of the modulus in bytes and the version as two bytes."""

_Signature: TypeAlias = tuple[int | None, Ending | None]


def _padded(length: int, tail: bytes, head: bytes = b"\x00\x02") -> bytes:
    return head + bytes([0xAB]) * (length - len(head) - len(tail)) + tail


def _premaster(version: bytes) -> bytes:
    return version + bytes([0x5C]) * (_PREMASTER_LENGTH - len(version))


def _well_formed(length: int, version: bytes) -> bytes:
    return _padded(length, b"\x00" + _premaster(version))


def _wrong_first_bytes(length: int, version: bytes) -> bytes:
    return _padded(length, b"\x00" + _premaster(version), head=b"\x41\x17")


def _separator_too_late(length: int, version: bytes) -> bytes:
    """The secret would be two bytes long."""
    return _padded(length, bytes([0xAB]) + version[:1] + b"\x00" + version)


def _no_separator(length: int, _: bytes) -> bytes:
    return _padded(length, b"")


def _wrong_version(length: int, _: bytes) -> bytes:
    return _padded(length, b"\x00" + _premaster(b"\x02\x02"))


_PLAINTEXTS: Final[tuple[_Plaintext, ...]] = (
    _well_formed,
    _wrong_first_bytes,
    _separator_too_late,
    _no_separator,
    _wrong_version,
)


@frozen
class _Round:
    """The responses to all plaintexts; None for one that did not happen."""

    responses: tuple[ProbeResponse, ...]

    @property
    def signatures(self) -> tuple[_Signature, ...]:
        return tuple((one.alert, one.ending) for one in self.responses)

    @property
    def is_uniform(self) -> bool:
        return len(set(self.signatures)) == 1

    @property
    def has_silence(self) -> bool:
        return any(one.ending is Ending.SILENCE for one in self.responses)


async def check_robot(prober: Prober, facts: VisitFacts) -> None:
    """Fills the vulnerability ``robot``; its value is ``strong`` or ``weak``.

    Absent if the server speaks no version with RSA key exchange; no if it accepts no such suite.
    """
    earlier = sorted(version for version in facts.spoken if version < ProtocolVersion.TLSV1_3)
    if not earlier:
        return
    for version in reversed(earlier):
        suites = tuple(filter(_has_rsa_key_exchange, accepted_suites(facts, version)))
        if suites and version in facts.cipher_suites:
            asked = answered_offer(facts, version, suites)
            facts.vulnerabilities["robot"] = await _ask_robot(prober, asked)
            return
    facts.vulnerabilities["robot"] = _without_rsa(facts, earlier)


def _has_rsa_key_exchange(code_point: int) -> bool:
    """With the certificate's own key: export suites send a short one."""
    suite = cipher_suite_by_code_point(code_point)
    return (
        suite is not None
        and (suite.key_exchange, suite.authentication) == ("RSA", "RSA")
        and not suite.export
    )


def _without_rsa(facts: VisitFacts, earlier: Sequence[ProtocolVersion]) -> Fact:
    found = [facts.cipher_suites.get(version) for version in earlier]
    known = [one for one in found if one is not None and one.complete]
    if len(known) < len(earlier):
        note = "not known: whether a suite with RSA key exchange is accepted"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    refusal = known[-1].refusal or Evidence()
    note = "no suite with RSA key exchange is accepted"
    return Fact(
        verdict=Verdict.NO,
        evidence=replace(refusal, note=note),
    )


async def _ask_robot(prober: Prober, asked: Offer) -> Fact:
    whole = await _compare_rounds(prober, asked, is_whole=True)
    if whole.verdict is not Verdict.NO:
        return whole
    return await _compare_rounds(prober, asked, is_whole=False)


async def _compare_rounds(prober: Prober, asked: Offer, *, is_whole: bool) -> Fact:
    first = await _ask(prober, asked, is_whole=is_whole)
    if first is not None and first.has_silence:
        first = await _ask_in_turn(prober, asked, is_whole=is_whole)
    if first is None:
        note = _beyond(prober) or "the server did not answer every hello with RSA key exchange"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    if first.is_uniform:
        response = _in_words(first.signatures[0])
        note = f"{response} to each of five RSA key exchanges, four of them malformed"
        return Fact(verdict=Verdict.NO, evidence=proof(first.responses[0], note))
    ask_again = _ask_in_turn if first.has_silence else _ask
    again = [await ask_again(prober, asked, is_whole=is_whole) for _ in range(_REPEATS)]
    if any(one is None or one.signatures != first.signatures for one in again):
        note = "the answers to the same messages differ, so they prove nothing"
        return Fact(verdict=Verdict.UNKNOWN, evidence=proof(first.responses[0], note))
    return _oracle(first)


def _beyond(prober: Prober) -> str | None:
    """Why nothing is encrypted to the server's key, if the key exceeds the bounds."""
    answers = (one.answer for one in prober.exchanges)
    leaves = {
        answer.certificates[0]
        for answer in answers
        if isinstance(answer, ServerFlight) and answer.certificates
    }
    return next((reason for leaf in leaves if (reason := beyond_bounds(leaf)) is not None), None)


def _oracle(found: _Round) -> Fact:
    """Weak if only the fully correct block gets a different reaction, because random blocks rarely are correct."""
    _, wrong_first, late, missing, _ = found.signatures
    value = "weak" if wrong_first == late == missing else "strong"
    other = next(
        one
        for one, signature in zip(found.responses, found.signatures, strict=True)
        if signature != found.signatures[0]
    )
    note = (
        f"{_in_words(found.signatures[0])} to a well-formed RSA key exchange, but "
        f"{_in_words((other.alert, other.ending))} to a malformed one; three times"
    )
    return Fact(verdict=Verdict.YES, evidence=proof(other, note), value=value)


def _in_words(signature: _Signature) -> str:
    alert, ending = signature
    if alert is not None:
        return f"alert {alert_name(alert)}"
    return str(ending) if ending is not None else "records"


async def _ask(prober: Prober, asked: Offer, *, is_whole: bool) -> _Round | None:
    questions = (
        send_raw_probe(prober, asked, _words(plaintext, is_whole=is_whole))
        for plaintext in _PLAINTEXTS
    )
    return _round_of(await side_by_side(*questions))


async def _ask_in_turn(prober: Prober, asked: Offer, *, is_whole: bool) -> _Round | None:
    """The same, one question after the other, so that a busy server has time to answer."""
    words = [_words(plaintext, is_whole=is_whole) for plaintext in _PLAINTEXTS]
    return _round_of([await send_raw_probe(prober, asked, one) for one in words])


def _round_of(responses: Sequence[ProbeResponse | ConnectFailure]) -> _Round | None:
    whole = tuple(one for one in responses if not isinstance(one, ConnectFailure) and one.said)
    return _Round(responses=whole) if len(whole) == len(responses) else None


def _words(plaintext: _Plaintext, *, is_whole: bool) -> Words:
    """ClientKeyExchange, ChangeCipherSpec and an invalid Finished; or only the first, and an alert."""

    def said(flight: ServerFlight) -> bytes:
        version = flight.hello.version
        encrypted = _encrypted(flight, plaintext)
        if encrypted is None:
            return b""
        has_length = version > ProtocolVersion.SSLV3
        body = vector(encrypted, 2) if has_length else encrypted
        message = encode_handshake(HandshakeType.CLIENT_KEY_EXCHANGE, body)
        exchange = encode_record(ContentType.HANDSHAKE, version, message)
        if not is_whole:
            return exchange + encode_record(ContentType.ALERT, version, GOODBYE)
        return (
            exchange
            + encode_record(ContentType.CHANGE_CIPHER_SPEC, version, b"\x01")
            + encode_record(ContentType.HANDSHAKE, version, bytes(_FINISHED_LENGTH))
        )

    return said


def _rsa_key(flight: ServerFlight) -> RSAPublicKey | None:
    """The public key of the leaf, if it is within the bounds for computation; None without one."""
    certificate = load_certificate(flight.certificates[0]) if flight.certificates else None
    try:
        key = certificate.public_key() if certificate is not None else None
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _encrypted(flight: ServerFlight, plaintext: _Plaintext) -> bytes | None:
    """The block raised to the key's exponent: RFC 8017, section 7.2.1, without its padding."""
    key = _rsa_key(flight)
    if key is None:
        return None
    length = (key.key_size + 7) // 8
    version = flight.hello.version.to_bytes(2, "big")
    numbers = key.public_numbers()
    block = int.from_bytes(plaintext(length, version), "big")
    return pow(block, numbers.e, numbers.n).to_bytes(length, "big")
