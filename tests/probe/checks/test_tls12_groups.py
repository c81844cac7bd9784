"""The groups of TLS 1.0 to 1.2 are found completely on any server, and nothing false is claimed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import (
    cipher_suite_by_code_point,
    cipher_suites_for,
    named_group_name,
)
from model.verdict import Preference, UnknownCause, Verdict
from probe.checks.part import Part
from probe.dialogue.offer import EARLIER_GROUPS
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.primes import FFDHE_CODE_POINTS, prime_bytes
from tests.probe.programmable.server_model import ServerModel

pytestmark = pytest.mark.slow

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS})
CURVES = [group for group in EARLIER_GROUPS if group < 0x0100]
FIELDS = list(FFDHE_CODE_POINTS.values())
SUITES = cipher_suites_for(ProtocolVersion.TLSV1_2)
ECDHE_ECDSA = [
    suite.code_point
    for suite in SUITES
    if (suite.key_exchange, suite.authentication) == ("ECDHE", "ECDSA")
]
NEGOTIATED = [suite.code_point for suite in SUITES if suite.key_exchange in {"ECDHE", "DHE"}]
SECP256R1, SECP384R1, SECP521R1, X25519 = 0x17, 0x18, 0x19, 0x1D


def kinds(model: ServerModel) -> set[tuple[str, str]]:
    """Key exchange and authentication of each suite of the newest version up to TLS 1.2."""
    newest = max(version for version in model.cipher_suites if version < wire.TLSV1_3)
    rows = map(cipher_suite_by_code_point, model.cipher_suites[newest])
    return {(row.key_exchange, row.authentication) for row in rows if row is not None}


def truth(model: ServerModel) -> set[str]:
    """The groups that can be negotiated.

    Every client has to offer the curve of an ECDSA certificate. If all ECDHE suites use ECDSA, a server with
    its own order therefore never chooses a curve that follows this one.
    """
    found = kinds(model)
    groups: list[int] = []
    if any(key_exchange == "ECDHE" for key_exchange, _ in found):
        groups = [group for group in model.groups if group in CURVES]
        is_bound = all(kind == "ECDSA" for exchange, kind in found if exchange == "ECDHE")
        if is_bound and model.server_decides and model.certificate_curve in groups:
            groups = groups[: groups.index(model.certificate_curve) + 1]
    if any(key_exchange == "DHE" for key_exchange, _ in found):
        own = [
            group for name, group in FFDHE_CODE_POINTS.items() if model.prime == prime_bytes(name)
        ]
        groups += own if model.prime is not None else [one for one in model.groups if one in FIELDS]
    return {named_group_name(group) for group in groups}


def some_of(code_points: list[int], most: int, least: int = 1) -> st.SearchStrategy[list[int]]:
    return st.lists(st.sampled_from(code_points), min_size=least, max_size=most, unique=True)


@st.composite
def models(draw: st.DrawFn) -> ServerModel:
    curves = draw(some_of(CURVES, 6))
    groups = draw(st.permutations([*curves, *draw(some_of(FIELDS, 5))]))
    version = draw(st.sampled_from([wire.TLSV1_0, wire.TLSV1_1, wire.TLSV1_2]))
    suites = draw(some_of(draw(st.sampled_from([NEGOTIATED, ECDHE_ECDSA])), 6))
    return ServerModel(
        cipher_suites={version: tuple(suites)},
        groups=tuple(groups),
        server_decides=draw(st.booleans()),
        prime=draw(st.sampled_from([None, *map(prime_bytes, ("RFC 3526 group 14", "ffdhe3072"))])),
        certificate_curve=draw(st.sampled_from([None, *curves])),
        close_instead_of_alert=draw(st.booleans()),
    )


def found_in(groups: dict[ProtocolVersion, AcceptedSet]) -> AcceptedSet:
    (found,) = groups.values()
    return found


def may_hide_some(model: ServerModel) -> bool:
    """Whether curves after the certificate's stay hidden: with ECDSA only, and the server's own order."""
    suites = [
        cipher_suite_by_code_point(one) for each in model.cipher_suites.values() for one in each
    ]
    kinds = {one.authentication for one in suites if one and one.key_exchange == "ECDHE"}
    return model.server_decides and kinds == {"ECDSA"}


@settings(max_examples=300, deadline=None)
@given(models())
async def test_every_supported_group_is_found_and_no_other(model: ServerModel) -> None:
    observation = await Simulation(model).visit(PARTS)
    found = found_in(dict(observation.groups))
    assert set(found.accepted) == truth(model)
    assert found.complete or may_hide_some(model)
    assert found.complete == (found.cause is None)


@settings(max_examples=300, deadline=None)
@given(models())
async def test_the_side_that_decides_the_order_is_never_mistaken(model: ServerModel) -> None:
    found = found_in(dict((await Simulation(model).visit(PARTS)).groups))
    wrong = Preference.CLIENT if model.server_decides else Preference.SERVER
    assert found.preference is not wrong
    if found.preference is Preference.SERVER:
        curves = [name for name in found.accepted if not name.startswith("ffdhe")]
        order = [named_group_name(group) for group in model.groups]
        assert curves == [name for name in order if name in curves]


@settings(max_examples=200, deadline=None)
@given(models())
async def test_the_cost_is_one_more_request_than_curves_and_fields(
    model: ServerModel,
) -> None:
    """Two more with a server's own order, and two more with a certificate's curve."""
    with_groups, without = Simulation(model), Simulation(model)
    observation = await with_groups.visit(PARTS)
    await without.visit(PARTS - {Part.GROUPS})
    accepted = found_in(dict(observation.groups)).accepted
    cost = with_groups.questions - without.questions
    if model.close_instead_of_alert:
        return  # a close is asked again together with the control
    assert cost <= len(accepted) + 1 + 2 + 2


@settings(max_examples=200, deadline=None)
@given(models(), st.floats(min_value=0.05, max_value=0.9), st.integers(0, 10_000))
async def test_a_randomly_silent_server_gets_no_false_facts(
    model: ServerModel, silence: float, seed: int
) -> None:
    moody = replace(model, silence=silence, dice=random.Random(seed))
    observation = await Simulation(moody).visit(PARTS)
    ignores = observation.features.get("ignores_supported_groups")
    assert ignores is None or ignores.verdict is not Verdict.YES
    for found in observation.groups.values():
        assert set(found.accepted) <= truth(model)
        has_all_kinds = all(one.complete for one in observation.cipher_suites.values())
        assert not (found.complete and has_all_kinds) or set(found.accepted) == truth(model)


@settings(max_examples=100, deadline=None)
@given(models())
async def test_a_server_that_ignores_the_list_of_groups_is_detected(model: ServerModel) -> None:
    rude = replace(model, ignores_groups=True, certificate_curve=None)
    observation = await Simulation(rude).visit(PARTS)
    if not any(key_exchange == "ECDHE" for key_exchange, _ in kinds(rude)):
        assert "ignores_supported_groups" not in observation.features
        return
    found = found_in(dict(observation.groups))
    assert observation.features["ignores_supported_groups"].verdict is Verdict.YES
    assert not found.complete


async def test_a_server_that_closes_after_its_hello_has_refused() -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (0xC02F,)},
        groups=(SECP384R1, X25519),
        alerts_behind_hello=True,
    )
    observation = await Simulation(model).visit(PARTS)
    found = found_in(dict(observation.groups))
    assert (found.accepted, found.complete) == (("secp384r1", "x25519"), True)
    assert observation.features["ignores_supported_groups"].verdict is Verdict.NO


async def test_only_the_newest_version_up_to_tls_12_is_probed() -> None:
    suites = (0xC02F, 0xC013)
    model = ServerModel(cipher_suites={wire.TLSV1_0: suites, wire.TLSV1_2: suites})
    observation = await Simulation(model).visit(PARTS)
    assert list(observation.groups) == [ProtocolVersion.TLSV1_2]


async def test_without_suites_that_need_a_group_there_are_no_groups() -> None:
    model = ServerModel(cipher_suites={wire.TLSV1_2: (0x002F, 0x0035)})
    observation = await Simulation(model).visit(PARTS)
    assert (dict(observation.groups), dict(observation.features)) == ({}, {})


@pytest.mark.parametrize(
    ("server_decides", "accepted"),
    [
        (False, {"x25519", "secp256r1", "secp384r1", "secp521r1"}),
        (True, {"x25519", "secp256r1"}),
    ],
)
async def test_curves_after_that_of_an_ecdsa_certificate_are_found(
    server_decides: bool, accepted: set[str]
) -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (0xC02B,)},
        groups=(X25519, SECP256R1, SECP384R1, SECP521R1),
        certificate_curve=SECP256R1,
        server_decides=server_decides,
    )
    found = found_in(dict((await Simulation(model).visit(PARTS)).groups))
    assert (set(found.accepted), found.complete) == (accepted, not server_decides)
    assert found.cause is (UnknownCause.NO_HELLO_SHOWS if server_decides else None)
    note = found.refusal.note if found.refusal is not None else None
    assert note is not None
    assert ("which its ECDSA certificate needs" in note) == server_decides
