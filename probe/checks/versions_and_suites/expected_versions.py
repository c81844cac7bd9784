"""Are the versions and chains those of the last visit? Three connections for a server with TLS 1.2 and 1.3.

Each accepted version is asked once, with suites or signature schemes that lead to one of the known chains, so that each
chain is served once too. Versions below the oldest one share one hello: a server answers with the highest version that it
has, so one refusal is about all of them. Each refused version above the newest one is asked once.

The whole chains are compared, not only their leaves. Any other answer is a difference, and a refusal that overload
could have caused is confirmed. These questions cannot show: SSL 2.0 that was turned on, a chain that is now served at
other versions too, and what clients without the server name get.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from model.certificates.certificate import Certificate, KeyType, ServedChain
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name, cipher_suites_for
from model.verdict import Verdict
from pki.certificates import parse_certificate
from probe.checks.certificates.served_chains import FOR_ISSUERS, TLS13_SCHEMES
from probe.checks.part import Part
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import HandshakeOffer
from probe.dialogue.offer import Offer, Shape, offer

PARTS: Final = frozenset({Part.VERSIONS, Part.CERTIFICATES})
"""What these questions are about: a visit that asks for more cannot be replaced by them."""

_AUTHENTICATION: Final = {
    KeyType.RSA: "RSA",
    KeyType.RSA_PSS: "RSA",
    KeyType.ECDSA: "ECDSA",
    KeyType.ED25519: "ECDSA",
    KeyType.ED448: "ECDSA",
    KeyType.DSA: "DSS",
}
"""What suites up to TLS 1.2 name for the type of the server's key (RFC 8422, section 5.10 for EdDSA)."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A version that must be accepted, with the key type and the suites of a chain that must be served."""

    version: ProtocolVersion
    key_type: KeyType
    suites: tuple[int, ...]


def can_be_expected(known: Observation) -> bool:
    """Whether the last visit settled every version, with no gap between accepted ones, and found a chain."""
    accepted = _accepted(known)
    verdicts = known.protocols
    return (
        known.state is State.TLS
        and bool(accepted)
        and all(version in verdicts for version in ASKED_VERSIONS)
        and all(fact.verdict is not Verdict.UNKNOWN for fact in verdicts.values())
        and ProtocolVersion.SSLV2 not in accepted
        and accepted == [one for one in ASKED_VERSIONS if accepted[0] <= one <= accepted[-1]]
        and {one for chain in _own(known) for one in chain.versions} >= set(accepted)
    )


async def ask_as_expected(prober: Prober, shape: Shape, known: Observation) -> Observation | None:
    """``known`` with the certificates that were served now, in full; None if an answer is not as expected."""
    answers = await side_by_side(
        *(_ask_accepted(prober, shape, one) for one in _questions(known)),
        *(prober.ask_once(one) for one in _to_be_refused(known, shape)),
    )
    chains = {_identity(one): one for one in answers if isinstance(one, tuple)}
    if chains.keys() != {_identity(one.chain) for one in _own(known)}:
        return None
    first = [one for one in answers if isinstance(one, Exchange)]
    refused = await side_by_side(*map(prober.make_sure, first))
    # A server without TLS 1.3 may answer with a version that it has (RFC 9846, section 4.2.1).
    if not all(one.is_refusal or one.version in _accepted(known) for one in refused):
        return None
    certificates = tuple(
        replace(one, chain=chains.get(_identity(one.chain), one.chain))
        for one in known.certificates
    )
    return replace(known, certificates=certificates)


def _accepted(known: Observation) -> list[ProtocolVersion]:
    return sorted(
        version for version, fact in known.protocols.items() if fact.verdict is Verdict.YES
    )


def _own(known: Observation) -> list[ServedChain]:
    return [one for one in known.certificates if one.is_own]


def _identity(chain: Sequence[Certificate]) -> tuple[str, ...]:
    return tuple(one.sha256 for one in chain)


def _questions(known: Observation) -> Iterator[_Question]:
    """One for each accepted version, and more if there are more chains: those at few versions choose first."""
    free = _accepted(known)[::-1]
    asked: list[tuple[ProtocolVersion, ServedChain]] = []
    for served in sorted(_own(known), key=lambda one: len(one.versions)):
        version = next((one for one in free if one in served.versions), max(served.versions))
        free = [one for one in free if one is not version]
        asked.append((version, served))
    asked += [
        (version, next(one for one in _own(known) if version in one.versions)) for version in free
    ]
    for version, served in asked:
        yield _Question(version, served.key_type, _suites(known, version, served.key_type))


def _suites(known: Observation, version: ProtocolVersion, key_type: KeyType) -> tuple[int, ...]:
    """The accepted suites that a key of this type can sign for; all such suites if none of them are known."""
    found = known.cipher_suites.get(version)
    names = found.accepted if found else ()
    accepted = [suite for name in names if (suite := cipher_suite_by_name(name)) is not None]
    fitting = [one for one in accepted if one.authentication == _AUTHENTICATION.get(key_type)]
    return tuple(one.code_point for one in fitting or accepted) or _every_suite(version)


def _to_be_refused(known: Observation, shape: Shape) -> Iterator[Offer]:
    accepted = _accepted(known)
    below = [version for version in ASKED_VERSIONS if version < accepted[0]]
    above = [version for version in ASKED_VERSIONS if version > accepted[-1]]
    for version in (*below[-1:], *above):
        yield offer(version, _every_suite(version), shape)


@cache
def _every_suite(version: ProtocolVersion) -> tuple[int, ...]:
    return tuple(suite.code_point for suite in cipher_suites_for(version))


async def _ask_accepted(
    prober: Prober, shape: Shape, question: _Question
) -> tuple[Certificate, ...] | Exchange:
    """The chain that the server sends; empty if it does not accept the version, or sends no chain."""
    version = question.version
    if version is ProtocolVersion.TLSV1_3:
        schemes = TLS13_SCHEMES.get(question.key_type, ())
        handshake = await prober.handshake(
            HandshakeOffer(
                version=version,
                server_name=shape.server_name,
                signature_schemes=(*schemes, *FOR_ISSUERS) if schemes else (),
            )
        )
        return tuple(map(parse_certificate, handshake.certificates))
    exchange = await prober.ask_once(offer(version, question.suites, shape))
    flight = exchange.answer
    if not isinstance(flight, ServerFlight) or exchange.version is not version:
        return ()
    prober.keep_as_control(exchange.offer)
    return tuple(map(parse_certificate, flight.certificates or ()))
