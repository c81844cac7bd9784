"""The signature schemes of TLS 1.2 are found completely on any server, and nothing false is claimed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import (
    SIGNATURE_SCHEMES,
    cipher_suite_by_code_point,
    cipher_suites_for,
    signature_scheme_name,
)
from model.verdict import Preference, Verdict
from probe.checks.part import Part
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

pytestmark = pytest.mark.slow

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.SIGNATURES})
TLSV1_2 = ProtocolVersion.TLSV1_2
BEGINNINGS = {"RSA": ("rsa_",), "ECDSA": ("ecdsa_", "ed25519", "ed448"), "DSS": ("dsa_",)}
SIGNED = [
    suite.code_point
    for suite in cipher_suites_for(TLSV1_2)
    if suite.key_exchange in {"ECDHE", "DHE"} and suite.authentication in BEGINNINGS
]
SCHEMES = [
    scheme.code_point
    for scheme in SIGNATURE_SCHEMES
    if scheme.name.startswith(tuple(name for names in BEGINNINGS.values() for name in names))
]
ECDHE_RSA, ECDHE_ECDSA = 0xC02F, 0xC02B
RSA_SHA256, RSA_SHA1, RSA_MD5, ECDSA_SHA256 = 0x0401, 0x0201, 0x0101, 0x0403


def truth(model: ServerModel) -> set[str]:
    """The schemes with which a key of the accepted suites' kinds can sign."""
    rows = map(cipher_suite_by_code_point, model.cipher_suites[wire.TLSV1_2])
    begins = tuple(
        name for row in rows if row is not None for name in BEGINNINGS[row.authentication]
    )
    names = map(signature_scheme_name, model.signature_schemes)
    return {name for name in names if name.startswith(begins)}


@st.composite
def models(draw: st.DrawFn) -> ServerModel:
    """Servers that can sign for at least one of their suites."""
    suites = draw(st.lists(st.sampled_from(SIGNED), min_size=1, max_size=6, unique=True))
    schemes = draw(st.lists(st.sampled_from(SCHEMES), max_size=10, unique=True))
    row = cipher_suite_by_code_point(suites[0])
    assert row is not None
    one = {"RSA": RSA_SHA256, "ECDSA": ECDSA_SHA256, "DSS": 0x0202}[row.authentication]
    return ServerModel(
        cipher_suites={wire.TLSV1_2: tuple(suites)},
        signature_schemes=tuple(dict.fromkeys([*schemes, one])),
        server_decides=draw(st.booleans()),
        close_instead_of_alert=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(models())
async def test_every_supported_scheme_is_found_and_no_other(model: ServerModel) -> None:
    observation = await Simulation(model).visit(PARTS)
    found = observation.signature_schemes[TLSV1_2]
    wrong = Preference.CLIENT if model.server_decides else Preference.SERVER
    assert (set(found.accepted), found.complete) == (truth(model), True)
    assert found.preference is not wrong
    assert observation.features["ignores_signature_algorithms"].verdict is Verdict.NO
    for broken in ("md5", "sha1"):
        is_used = any(name.endswith(f"_{broken}") for name in truth(model))
        expected = Verdict.YES if is_used else Verdict.NO
        assert observation.features[f"signs_with_{broken}"].verdict is expected


@settings(max_examples=200, deadline=None)
@given(models())
async def test_the_cost_is_one_more_request_than_schemes(model: ServerModel) -> None:
    """One flight for each kind of key existed already; to find out whose order decides may cost one more, and a wrong
    guess of the next pick costs two for each kind."""
    quick = replace(model, close_instead_of_alert=False)
    with_schemes, without = Simulation(quick), Simulation(quick)
    await with_schemes.visit(PARTS)
    await without.visit(PARTS - {Part.SIGNATURES})
    kinds = {
        row.authentication
        for row in map(cipher_suite_by_code_point, quick.cipher_suites[wire.TLSV1_2])
        if row is not None
    }
    cost = with_schemes.questions - without.questions
    assert cost <= len(truth(quick)) + 1 + 3 * len(kinds)


@settings(max_examples=200, deadline=None)
@given(models(), st.floats(min_value=0.05, max_value=0.9), st.integers(0, 10_000))
async def test_a_randomly_silent_server_gets_no_false_facts(
    model: ServerModel, silence: float, seed: int
) -> None:
    moody = replace(model, silence=silence, dice=random.Random(seed))
    observation = await Simulation(moody).visit(PARTS)
    found = observation.signature_schemes.get(TLSV1_2)
    if found is None:
        return
    has_all_suites = observation.cipher_suites[TLSV1_2].complete
    assert set(found.accepted) <= truth(model)
    assert not (found.complete and has_all_suites) or set(found.accepted) == truth(model)
    assert observation.features["ignores_signature_algorithms"].verdict is not Verdict.YES
    assert no_false_hash(observation, model)


def no_false_hash(observation: Observation, model: ServerModel) -> bool:
    """Whether yes is claimed for a hash only if there is a scheme with it."""
    return all(
        observation.features[f"signs_with_{broken}"].verdict is not Verdict.YES
        or any(name.endswith(f"_{broken}") for name in truth(model))
        for broken in ("md5", "sha1")
    )


async def test_a_server_that_ignores_signature_schemes_is_detected() -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (ECDHE_RSA,)},
        signature_schemes=(RSA_SHA1,),
        ignores_schemes=True,
    )
    observation = await Simulation(model).visit(PARTS)
    found = observation.signature_schemes[TLSV1_2]
    assert (found.accepted, found.complete) == (("rsa_pkcs1_sha1",), False)
    assert observation.features["ignores_signature_algorithms"].verdict is Verdict.YES
    assert observation.features["signs_with_sha1"].verdict is Verdict.YES
    assert observation.features["signs_with_md5"].verdict is Verdict.UNKNOWN


async def test_a_server_that_closes_after_its_hello_has_refused() -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (ECDHE_RSA,)},
        signature_schemes=(RSA_SHA256, RSA_SHA1),
        alerts_behind_hello=True,
    )
    observation = await Simulation(model).visit(PARTS)
    found = observation.signature_schemes[TLSV1_2]
    assert (set(found.accepted), found.complete) == (truth(model), True)
    assert observation.features["ignores_signature_algorithms"].verdict is Verdict.NO


async def test_md5_is_reported_with_its_proof() -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (ECDHE_RSA, ECDHE_ECDSA)},
        signature_schemes=(RSA_SHA256, RSA_MD5, ECDSA_SHA256),
    )
    fact = (await Simulation(model).visit(PARTS)).features["signs_with_md5"]
    assert fact.verdict is Verdict.YES
    assert fact.evidence is not None
    assert fact.evidence.answer


async def test_schemes_of_versions_before_tls_12_do_not_count() -> None:
    model = ServerModel(cipher_suites={wire.TLSV1_1: (0xC013,)})
    observation = await Simulation(model).visit(PARTS)
    assert (dict(observation.signature_schemes), dict(observation.features)) == ({}, {})
