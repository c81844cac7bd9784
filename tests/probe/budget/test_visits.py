"""Visits to servers that try to exceed the budget: each ends with what it knows, and says so."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from model.encoding.observation_json import from_json, to_json
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.budget import BudgetLimits
from probe.checks.part import Part
from probe.visit.settings import ProbeSettings
from tests.probe.budget import hostile_certificates as hostile
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import behaviours, wire
from tests.probe.programmable.server import Behaviour, Connection, answer, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.visiting import THOROUGH, visit_server
from tests.probe.recording.recorded import record, replay

pytestmark = pytest.mark.slow

RSA_AES128, ECDHE_RSA, DHE_RSA = 0x002F, 0xC02F, 0x0033
BY_RSA = ServerModel(cipher_suites={wire.TLSV1_2: (RSA_AES128,)})
MODERN = ServerModel(cipher_suites={wire.TLSV1_2: (ECDHE_RSA, RSA_AES128)})


def limited(limits: BudgetLimits) -> ProbeSettings:
    return replace(THOROUGH, budget=limits)


def showing(chain: tuple[bytes, ...], model: ServerModel = BY_RSA) -> Behaviour:
    return behaviours.rewrites(model, behaviours.with_chain(lambda: chain))


async def floods(connection: Connection) -> None:
    """Records of a type that is skipped, as long as the client reads."""
    await connection.receive()
    while True:
        await connection.send(wire.record(wire.HANDSHAKE, wire.TLSV1_2, bytes(4) * 4096) * 16)


async def floods_after_an_answer(connection: Connection) -> None:
    """A whole flight, then more than the client asked for."""
    await answer(connection, BY_RSA)
    for _ in range(64):
        await connection.send(bytes(2**16))


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (BudgetLimits(processor_seconds=0.0), "0 s of processor time"),
        (BudgetLimits(connections=3), "3 connections"),
        (BudgetLimits(bytes_received=1024), f"{1024 / 2**20:g} MiB received"),
    ],
)
async def test_a_visit_ends_with_its_budget_and_reports_which_one_ran_out(
    limits: BudgetLimits, named: str
) -> None:
    seen = await visit_server(served_on_a_port(MODERN), limited(limits))
    assert f"he visit's budget of {named} is used up" in str(seen.reason)
    assert from_json(to_json(seen)).reason == seen.reason


async def test_facts_found_before_the_end_are_kept_and_the_rest_is_unknown() -> None:
    limits = BudgetLimits(connections=12)
    seen = await visit_server(served_on_a_port(MODERN), limited(limits))
    assert seen.state is State.TLS
    assert seen.protocols[ProtocolVersion.TLSV1_2].verdict is Verdict.YES
    # Connections that were being opened when the last one arrived are completed.
    assert seen.cost.connections < 12 + THOROUGH.connections_per_address
    facts = {**seen.features, **seen.vulnerabilities}
    denied = [
        name
        for name, fact in facts.items()
        if _depends_on_the_budget(fact.verdict, Verdict.NO, fact)
    ]
    assert denied == []


def _depends_on_the_budget(verdict: Verdict, wanted: Verdict, fact: object) -> bool:
    return verdict is wanted and "budget" in repr(fact)


@pytest.mark.parametrize("behaviour", [floods, floods_after_an_answer])
async def test_no_more_is_received_than_the_budget_and_the_bytes_in_flight(
    behaviour: Behaviour,
) -> None:
    most = 2**19
    seen = await visit_server(behaviour, limited(BudgetLimits(bytes_received=most)))
    under_way = THOROUGH.connections_per_address * 2**18
    assert seen.cost.bytes_received < most + under_way


async def test_an_ordinary_visit_reaches_no_limit() -> None:
    seen = await visit_server(served_on_a_port(MODERN))
    assert "budget" not in str(seen.reason)


async def test_nothing_is_computed_with_a_giant_key_and_robot_is_unknown() -> None:
    seen = await visit_server(showing((hostile.giant_rsa(),)))
    fact = seen.vulnerabilities["robot"]
    assert fact.verdict is Verdict.UNKNOWN
    assert "an RSA modulus of 20,000 bits" in repr(fact.evidence)
    (found,) = seen.certificates
    assert found.leaf.key_bits == 20_000
    assert found.trust["mozilla"].verdict is Verdict.UNKNOWN


async def test_a_server_with_a_new_certificate_per_connection_is_reported_as_varying() -> None:
    numbers = itertools.count(1)

    def next_chain() -> tuple[bytes, ...]:
        return (hostile.certificate(hostile.rsa(2048, 17), serial=next(numbers)),)

    behaviour = behaviours.rewrites(MODERN, behaviours.with_chain(next_chain))
    seen = await visit_server(behaviour)
    assert len(seen.certificates) == BudgetLimits().deployments == 8
    varies = seen.features["certificate_varies"]
    assert (varies.verdict, int(varies.value or 0) > 8) == (Verdict.YES, True)
    again = from_json(to_json(seen))
    assert again.features["certificate_varies"] == varies


async def test_a_few_chains_do_not_vary() -> None:
    seen = await visit_server(served_on_a_port(MODERN))
    assert "certificate_varies" not in seen.features


async def test_chains_beyond_the_element_limit_are_not_judged_and_this_is_reported() -> None:
    many = hostile.certificate(hostile.rsa(2048, 17), extensions=hostile.host_names(2_000))
    limits = BudgetLimits(certificate_elements=1_000)
    seen = await visit_server(showing((many,)), limited(limits))
    assert seen.certificates == ()
    assert "budget of 1,000 certificate elements" in str(seen.reason)


async def with_prime(bits: int) -> Observation:
    number = hostile.of_bits(bits)
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: (DHE_RSA,)},
        fresh_keys=True,
        prime=number.to_bytes((bits + 7) // 8, "big"),
    )
    return await Simulation(model).visit(frozenset({Part.VERSIONS, Part.SUITES, Part.DH}))


async def test_a_prime_too_long_to_test_is_unknown_with_a_reason() -> None:
    (found,) = (await with_prime(4_097)).dh
    assert (found.prime_bits, found.is_safe_prime) == (4_097, Verdict.UNKNOWN)
    assert "not tested: more than 4,096 bits" in repr(found.evidence)


async def test_a_visit_over_its_budget_is_replayed_as_it_was() -> None:
    async with serve(served_on_a_port(MODERN)) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name="zoo.test")
        endpoint = Endpoint(target=target, address="127.0.0.1")
        settings = limited(BudgetLimits(connections=12))
        recorded = await record(endpoint, settings)
    again = await replay(recorded.recording, settings)
    assert again.reason == recorded.observation.reason
    assert to_json(again) == to_json(recorded.observation)
