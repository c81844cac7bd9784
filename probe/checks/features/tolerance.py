"""Does the server tolerate what a newer client may send: GREASE, a long hello, an unknown version?

All of it is in one hello of the newest version; bisection finds what breaks it. A version above TLS 1.2 in
``legacy_version`` needs a separate hello if the server also speaks TLS 1.3. The same hello carries an
Encrypted ClientHello that cannot be decrypted (RFC 9849, section 6.2); a server with ECH may answer it in its
HelloRetryRequest. The last hello offers unassigned suites.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_code_point
from model.verdict import Fact, Verdict
from pki.byte_reader import vector
from probe.checks.answered_offers import answered_offer, newest_in_plaintext, newest_version
from probe.checks.combined_extensions import ExtensionProbe, extending, probe_combined
from probe.checks.prober import Prober, side_by_side
from probe.checks.riding.riders import OnceRider, Rider
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import X25519, Offer, key_shares
from probe.tls.extensions import (
    Extension,
    ExtensionType,
    KeyShare,
    key_share,
    padding,
    psk_key_exchange_modes,
    supported_versions,
)

TOLERANCES: Final = (
    "grease_tolerance",
    "long_hello_tolerance",
    "version_tolerance",
    "ech_grease_answered",
    "accepts_unassigned_suites",
)

_GREASE: Final = (0x2A2A, 0x5A5A, 0x8A8A, 0xBABA)
_GREASE_PSK_MODE: Final = b"\x0b"
_LONG_PADDING: Final = 4000
"""More than two Ethernet frames: some servers do not read beyond the first one (tldr.fail)."""

_NEWER_VERSION: Final = 0x0304
_ECH_PAYLOAD_LENGTH: Final = 208
_UNASSIGNED_SUITES: Final = tuple(
    code for code in range(0xD401, 0xD441) if cipher_suite_by_code_point(code) is None
)


def _grease(asked: Offer) -> Offer:
    """RFC 8701, section 3.1: adds GREASE to every list of a hello at this version."""
    suite, group, full, empty = _GREASE
    extensions = [Extension(code_point=full, body=b"\x00"), Extension(code_point=empty, body=b"")]
    if asked.version is ProtocolVersion.TLSV1_3:
        shares = key_shares(asked.groups) if asked.shape.sends_key_shares else ()
        extensions += [
            supported_versions((_GREASE[0], asked.version)),
            psk_key_exchange_modes(_GREASE_PSK_MODE + b"\x01\x00"),
            key_share((KeyShare(group=group, key_exchange=b"\x00"), *shares)),
        ]
    greased = replace(
        asked, cipher_suites=(suite, *asked.cipher_suites), groups=(group, *asked.groups)
    )
    return extending(*extensions)(greased)


def _name_newer_version(asked: Offer) -> Offer:
    return replace(asked, changes=replace(asked.changes, legacy_version=_NEWER_VERSION))


def grease_ech() -> Extension:
    """An Encrypted ClientHello without a recipient (RFC 9849, section 6.2).

    ``ECHClientHelloType type = outer; HpkeSymmetricCipherSuite; uint8 config_id; opaque
    enc<0..2^16-1>; opaque payload<1..2^16-1>;`` (RFC 9849, section 5)"""
    (share,) = key_shares((X25519,))
    hkdf_sha256_aes_128_gcm, config_id = b"\x00\x01\x00\x01", b"\x2a"
    body = b"\x00" + hkdf_sha256_aes_128_gcm + config_id + vector(share.key_exchange, 2)
    payload = vector(bytes(range(_ECH_PAYLOAD_LENGTH)), 2)
    return Extension(code_point=ExtensionType.ENCRYPTED_CLIENT_HELLO, body=body + payload)


_GREASED: Final = ExtensionProbe(name="grease_tolerance", add=_grease)
_LONG: Final = ExtensionProbe(name="long_hello_tolerance", add=extending(padding(_LONG_PADDING)))
_NEWER: Final = ExtensionProbe(name="version_tolerance", add=_name_newer_version)
_ECH: Final = ExtensionProbe(name="ech_grease_answered", add=extending(grease_ech()))


def newer_version_rider() -> Rider:
    """Names a version above TLS 1.2 in one hello of a series."""
    return OnceRider(_name_newer_version)


async def check_tolerance(prober: Prober, facts: VisitFacts) -> None:
    """Fills the features named in ``TOLERANCES`` that apply; most cannot be asked at SSL 3.0."""
    newest, in_plaintext = newest_version(facts), newest_in_plaintext(facts)
    if newest is None or newest is ProtocolVersion.SSLV3:
        return
    asked: dict[ProtocolVersion, list[ExtensionProbe]] = {newest: [_GREASED, _LONG]}
    if newest is ProtocolVersion.TLSV1_3:
        asked[newest].append(_ECH)
    if in_plaintext is not None:
        asked.setdefault(in_plaintext, []).append(_NEWER)
    await side_by_side(
        _check_unassigned_suites(prober, facts, newest),
        *(_check_at(prober, facts, version, found) for version, found in asked.items()),
    )


async def _check_at(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion, additions: list[ExtensionProbe]
) -> None:
    answers = await probe_combined(prober, answered_offer(facts, version), additions)
    for name, exchange in answers.items():
        is_ech = name == _ECH.name
        facts.features[name] = _ech_answer(exchange) if is_ech else _tolerance(exchange)


def _tolerance(exchange: Exchange) -> Fact:
    if exchange.version is exchange.offer.version:
        return exchange.fact(Verdict.YES, f"{exchange.summary}, as to a normal hello")
    if exchange.version is not None:
        return exchange.fact(Verdict.NO, f"ServerHello of {exchange.version.label} instead")
    return exchange.fact(Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN)


def _ech_answer(exchange: Exchange) -> Fact:
    if exchange.hello is None:
        return exchange.fact(Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN)
    if not exchange.hello.has(ExtensionType.ENCRYPTED_CLIENT_HELLO):
        return exchange.fact(Verdict.NO, f"{exchange.summary} without encrypted_client_hello")
    return exchange.fact(Verdict.YES, f"{exchange.summary} with encrypted_client_hello")


async def _check_unassigned_suites(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> None:
    exchange = await prober.ask(answered_offer(facts, version, _UNASSIGNED_SUITES))
    if exchange.version is not None:
        note = f"{exchange.summary} to unassigned cipher suites"
        fact = exchange.fact(Verdict.YES, note)
    else:
        fact = exchange.fact(Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN)
    facts.features["accepts_unassigned_suites"] = fact
