"""Which certificate chains does the server send, and at which versions?

Up to TLS 1.2 every flight that proved a cipher suite carries its chain in plaintext, so no chain is asked for
twice. TLS 1.3 encrypts it and chooses it by signature scheme: full handshakes offer all schemes, then those
of the key types not yet seen, until the server shows no further chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from model.certificates.certificate import KeyType, NameAsked
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from pki.certificates import parse_certificate
from probe.budget import current_budget
from probe.checks.confirmed_handshake import confirm
from probe.checks.prober import Prober
from probe.checks.visit_facts import RawChain, VisitFacts
from probe.dialogue.answer import NoHello, ServerFlight
from probe.dialogue.exchange import Exchange, confirmation, in_words
from probe.dialogue.handshake import Handshake, HandshakeEnd

TLS13_SCHEMES: Final = {
    KeyType.ECDSA: (
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ecdsa_brainpoolP256r1tls13_sha256",
        "ecdsa_brainpoolP384r1tls13_sha384",
        "ecdsa_brainpoolP512r1tls13_sha512",
    ),
    KeyType.RSA: ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    KeyType.RSA_PSS: ("rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"),
    KeyType.ED25519: ("ed25519",),
    KeyType.ED448: ("ed448",),
    KeyType.MLDSA: ("mldsa44", "mldsa65", "mldsa87"),
}
"""The schemes that a TLS 1.3 server can sign with, by its key type (RFC 9846, section 4.2.3)."""

CHAIN_FEATURES: Final = ("certificate_varies",)

FOR_ISSUERS: Final = ("rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512", "ecdsa_sha1")
"""TLS 1.3 itself never uses them, but Java serves a chain only if it is offered the schemes that sign the chain."""


async def check_tls13_chains(prober: Prober, facts: VisitFacts) -> None:
    """Adds TLS 1.3 handshakes: one for each key type, and one that gets no further key type."""
    if ProtocolVersion.TLSV1_3 not in facts.spoken:
        return
    left = dict(TLS13_SCHEMES)
    while left:
        schemes = tuple(name for names in left.values() for name in names)
        handshake = await finish_handshake(
            prober, facts, ProtocolVersion.TLSV1_3, (*schemes, *FOR_ISSUERS)
        )
        if not handshake.certificates:
            return
        if left.pop(parse_certificate(handshake.certificates[0]).key_type, None) is None:
            return


async def finish_handshake(
    prober: Prober,
    facts: VisitFacts,
    version: ProtocolVersion,
    signature_schemes: tuple[str, ...] = (),
) -> Handshake:
    """A handshake at ``version``, tried a second time if it broke off.

    Puma refuses schemes by closing, without an alert: twice around an answered control, that is a refusal. If no handshake at TLS 1.3 has shown a chain yet, one that fails after a HelloRetryRequest is tried a
    second time without the group that the server asked for.
    """
    offer = replace(facts.usual_handshake(version), signature_schemes=signature_schemes)
    handshake = await prober.handshake(offer)
    group = handshake.retry.hello.key_share_group if handshake.retry else None
    if group is not None and not handshake.certificates and not _shows_chain(facts, version):
        facts.failing_groups.add(group)
        offer = replace(offer, groups=facts.usual_handshake(version).groups)
        handshake = await prober.handshake(offer)
    elif handshake.end is HandshakeEnd.UNFINISHED and not handshake.certificates:
        handshake = await _again(prober, handshake)
    facts.handshakes.append(handshake)
    return handshake


async def _again(prober: Prober, broken: Handshake) -> Handshake:
    again, is_proved = await confirm(prober, broken)
    if again is broken:
        return await prober.handshake(broken.offer)
    if is_proved and not again.answered and again.ending is not None:
        silent = NoHello(ending=again.ending)
        note = f"{in_words(silent)}{confirmation(silent)}"
        return replace(again, end=HandshakeEnd.DECLINED, note=note)
    return again


def _shows_chain(facts: VisitFacts, version: ProtocolVersion) -> bool:
    return any(one.certificates for one in facts.handshakes if one.offer.version is version)


async def check_served_chains(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``chains`` from all answers that came; asks nothing.

    If there are more chains than the budget allows, the first ones are kept and the feature
    ``certificate_varies`` reports it.
    """
    seen: dict[tuple[bytes, ...], dict[NameAsked, set[ProtocolVersion]]] = {}
    for chain, version, server_name in (
        *_chains_in_plaintext(prober.exchanges),
        *_chains_of_handshakes(facts.handshakes),
    ):
        asked = _name_asked(facts, version, server_name)
        seen.setdefault(chain, {}).setdefault(asked, set()).add(version)
    if facts.sslv2_certificate:
        chain = _sslv2_chain(seen, facts.sslv2_certificate)
        named = seen.setdefault(chain, {}).setdefault(NameAsked.OWN, set())
        named.add(ProtocolVersion.SSLV2)
    most = current_budget().limits.deployments
    if len(seen) > most:
        facts.features[CHAIN_FEATURES[0]] = _varies(len(seen), most)
    facts.chains = tuple(
        _served(facts, chain, by_name) for chain, by_name in islice(seen.items(), most)
    )


def _varies(count: int, most: int) -> Fact:
    """A server that makes a new certificate for each connection has no chains to list."""
    note = f"{count} distinct chains were served; the first {most} are reported"
    return Fact(verdict=Verdict.YES, evidence=Evidence(note=note), value=str(count))


def _name_asked(facts: VisitFacts, version: ProtocolVersion, server_name: str | None) -> NameAsked:
    """Some versions and servers accept no name at all; for them, sending none is the target's normal case."""
    proof = facts.spoken.get(version)
    own = proof.offer.shape.server_name if proof is not None else facts.inputs.server_name
    if server_name == own:
        return NameAsked.OWN
    return NameAsked.NO_NAME if server_name is None else NameAsked.UNKNOWN_NAME


def _served(
    facts: VisitFacts, chain: tuple[bytes, ...], by_name: Mapping[NameAsked, set[ProtocolVersion]]
) -> RawChain:
    names = tuple(name for name in NameAsked if name in by_name)
    versions = by_name[names[0]]
    named = [
        *((version, proof.offer.shape.server_name) for version, proof in facts.spoken.items()),
        *(
            (one.offer.version, one.offer.server_name)
            for one in facts.handshakes
            if one.offer.version not in facts.spoken
        ),
    ]
    takes_name = any(name is not None for version, name in named if version in versions)
    return RawChain(
        chain=chain,
        versions=tuple(sorted(versions)),
        served_with_server_name=names[0] is not NameAsked.NO_NAME and takes_name,
        names=names,
    )


def _sslv2_chain(seen: Iterable[tuple[bytes, ...]], certificate: bytes) -> tuple[bytes, ...]:
    """The chain that starts with the certificate in another answer: SSL 2.0 can send only the leaf."""
    return next((chain for chain in seen if chain[0] == certificate), (certificate,))


def _chains_in_plaintext(
    exchanges: Sequence[Exchange],
) -> Iterator[tuple[tuple[bytes, ...], ProtocolVersion, str | None]]:
    for exchange in exchanges:
        answer, version = exchange.answer, exchange.version
        if isinstance(answer, ServerFlight) and answer.certificates and version is not None:
            yield answer.certificates, version, exchange.offer.shape.server_name


def _chains_of_handshakes(
    handshakes: Iterable[Handshake],
) -> Iterator[tuple[tuple[bytes, ...], ProtocolVersion, str | None]]:
    for handshake in handshakes:
        if handshake.certificates:
            yield handshake.certificates, handshake.offer.version, handshake.offer.server_name
