"""What TLS 1.3 handshakes prove about signature schemes (RFC 9846, section 4.2.3)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.signature_schemes import check_tls13_schemes
from probe.checks.versions_and_suites.versions import check_versions
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from tests.pki.certificates.making import make
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

OWN, OTHER = "zoo.test", "other.invalid"
TLSV1_3 = ProtocolVersion.TLSV1_3
SCHEME = "ecdsa_secp256r1_sha256"
"""The only scheme of a key on P-256."""


def ended(server_name: str | None, end: HandshakeEnd, answered: bytes) -> Handshake:
    return Handshake(
        offer=HandshakeOffer(version=TLSV1_3, server_name=server_name), end=end, answered=answered
    )


def accepted(server_name: str, key: ec.EllipticCurvePrivateKey, answered: bytes) -> Handshake:
    der = make("leaf", private_key=key).certificate.public_bytes(Encoding.DER)
    return Handshake(
        offer=HandshakeOffer(version=TLSV1_3, server_name=server_name),
        end=HandshakeEnd.ACCEPTED,
        certificates=(der,),
        answered=answered,
    )


async def schemes_of(*handshakes: Handshake) -> AcceptedSet:
    """What these handshakes prove; the keys have one scheme each, so nothing is asked."""
    prober = Prober(Simulation(ServerModel(cipher_suites={wire.TLSV1_3: (0x1301,)})))
    facts = VisitFacts(inputs=VisitInputs(server_name=OWN))
    await check_versions(prober, facts)
    facts.handshakes += handshakes
    await check_tls13_schemes(prober.silenced(), facts)
    return facts.signature_schemes[TLSV1_3]


async def test_the_end_is_proved_by_the_refusal_of_the_other_keys() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    refused = ended(OWN, HandshakeEnd.DECLINED, b"no other key")
    found = await schemes_of(accepted(OWN, key, b"P-256"), refused)
    assert (found.accepted, found.complete) == ((SCHEME,), True)
    assert found.refusal is not None
    assert found.refusal.answer == b"no other key"


async def test_a_refused_name_proves_nothing_about_the_schemes_of_another() -> None:
    key, others = (ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1()))
    found = await schemes_of(
        accepted(OWN, key, b"P-256"),
        ended(OWN, HandshakeEnd.UNFINISHED, b""),
        accepted(OTHER, others, b"P-384"),
        ended(None, HandshakeEnd.DECLINED, b"no name"),
        ended(OTHER, HandshakeEnd.DECLINED, b"no such name"),
    )
    assert (found.accepted, found.complete, found.refusal) == ((SCHEME,), False, None)
