"""Questions that share a hello find what they find alone, and a server that refuses the shared hello loses no fact."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import signature_scheme_code_point
from probe.checks.part import Part
from probe.dialogue.answer import TlsAlert
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from probe.tls.extensions import ExtensionType
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

pytestmark = pytest.mark.slow

TLSV1_2 = ProtocolVersion.TLSV1_2
ALONE = frozenset({Part.VERSIONS, Part.SUITES})
SIGNED = ALONE | {Part.SIGNATURES}
RIDING = (Part.GROUPS, Part.REVOCATION, Part.FEATURES)

SECP384R1, SECP521R1, X448 = 0x18, 0x19, 0x1E
ECDHE_RSA = (0xC02F, 0xC030, 0xCCA8)
ECDHE_ECDSA = (0xC02B, 0xC02C, 0xCCA9)
CURVES = (wire.X25519, wire.SECP256R1, SECP384R1, SECP521R1, X448)
SCHEMES = tuple(
    filter(
        None,
        map(
            signature_scheme_code_point,
            (
                *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pkcs1_sha256"),
                *("rsa_pkcs1_sha512", "rsa_pkcs1_sha1"),
                *("ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_sha1"),
            ),
        ),
    )
)


class Watched(Simulation):
    """Keeps the offers; sends a fatal alert to hellos of TLS 1.2 with the extension ``refused``."""

    def __init__(self, model: ServerModel, refused: int | None = None) -> None:
        super().__init__(model)
        self.offers: list[Offer] = []
        self._refused = refused

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        self.offers.append(offer)
        exchange = await super().ask(offer, patient=patient, is_chained=is_chained)
        if offer.version is TLSV1_2 and self._refused in added_types(offer):
            alert = TlsAlert(raw=b"\x02\x28", level=2, description=40)
            return replace(exchange, answer=alert)
        return exchange


def added_types(offer: Offer) -> set[int]:
    return {extension.code_point for extension in offer.changes.extensions}


@st.composite
def models(draw: st.DrawFn) -> ServerModel:
    def some_of(values: tuple[int, ...], least: int = 1) -> list[int]:
        return draw(st.lists(st.sampled_from(values), min_size=least, unique=True))

    return ServerModel(
        cipher_suites={
            wire.TLSV1_2: tuple(
                draw(st.permutations([*some_of(ECDHE_RSA), *some_of(ECDHE_ECDSA, 0)]))
            ),
        },
        groups=tuple(some_of(CURVES)),
        signature_schemes=tuple(dict.fromkeys([*some_of(SCHEMES), SCHEMES[2], SCHEMES[5]])),
        server_decides=draw(st.booleans()),
        fresh_keys=draw(st.booleans()),
    )


def facts_of(seen: Observation) -> tuple[object, ...]:
    """What rides, without evidence."""
    groups = seen.groups.get(TLSV1_2)
    return (
        groups and (groups.accepted, groups.complete, groups.preference),
        seen.alpn,
        {name: (fact.verdict, fact.value) for name, fact in seen.features.items()},
        {name: fact.verdict for name, fact in seen.vulnerabilities.items()},
    )


@settings(max_examples=60, deadline=None)
@given(models(), st.sampled_from([None, ExtensionType.STATUS_REQUEST, ExtensionType.HEARTBEAT]))
async def test_what_rides_is_found_as_if_it_was_asked_alone(
    model: ServerModel, refused: int | None
) -> None:
    parts = ALONE.union(RIDING)
    alone = await Watched(model, refused).visit(parts)
    together = await Watched(model, refused).visit(parts | {Part.SIGNATURES})
    signed = await Watched(model).visit(SIGNED)
    schemes = together.signature_schemes[TLSV1_2]
    expected = signed.signature_schemes[TLSV1_2]
    names = set(alone.features)
    found = replace(
        together,
        features={name: fact for name, fact in together.features.items() if name in names},
    )
    assert facts_of(found) == facts_of(alone)
    assert (schemes.accepted, schemes.complete) == (expected.accepted, expected.complete)


async def test_a_rider_needs_no_hello_of_its_own() -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: ECDHE_RSA},
        groups=(wire.X25519, wire.SECP256R1, SECP384R1),
        signature_schemes=SCHEMES,
    )
    signed, alone, together = Simulation(model), Simulation(model), Simulation(model)
    await signed.visit(SIGNED)
    await alone.visit(ALONE | {Part.GROUPS})
    await together.visit(SIGNED | {Part.GROUPS})
    suites = Simulation(model)
    await suites.visit(ALONE)
    refusal, other_groups = 1, 2
    assert alone.questions == suites.questions + other_groups + refusal
    assert together.questions == signed.questions + refusal


async def test_nothing_rides_that_the_visit_does_not_ask() -> None:
    model = ServerModel(cipher_suites={wire.TLSV1_2: ECDHE_RSA}, signature_schemes=SCHEMES)
    watched = Watched(model)
    await watched.visit(SIGNED)
    added = {kind for offer in watched.offers for kind in added_types(offer)}
    assert added == {ExtensionType.SIGNATURE_ALGORITHMS, ExtensionType.SIGNATURE_ALGORITHMS_CERT}


async def test_npn_and_alpn_are_never_offered_together() -> None:
    model = ServerModel(cipher_suites={wire.TLSV1_2: ECDHE_RSA}, signature_schemes=SCHEMES)
    watched = Watched(model)
    await watched.visit(SIGNED | {Part.FEATURES})
    both = {
        ExtensionType.NEXT_PROTOCOL_NEGOTIATION,
        ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
    }
    assert any(both & added_types(offer) for offer in watched.offers)
    assert not any(both <= added_types(offer) for offer in watched.offers)
