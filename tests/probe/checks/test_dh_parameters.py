"""Finite fields, reused keys, and the vulnerabilities that follow from them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.observation import DhParameters, Observation
from model.protocol_version import ProtocolVersion
from model.registry import KNOWN_PRIMES, known_prime
from model.verdict import Verdict
from probe.checks.part import Part
from probe.checks.versions_and_suites.safe_primes import MOST_BITS, is_safe_prime, judge_safety
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.primes import FFDHE, MODP, prime, prime_bytes
from tests.probe.programmable.server_model import ServerModel

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.DH})
ECDHE_RSA, DHE_RSA, RSA, STATIC_DH, DHE_EXPORT = 0xC02F, 0x0033, 0x002F, 0x0031, 0x0014
UNCOMMON_SAFE_PRIME = 2_000_303
"""2 * 1,000,151 + 1: both are prime, as trial division shows."""


def server(*suites: int, version: int = wire.TLSV1_2, field: bytes | None = None) -> ServerModel:
    model = ServerModel(cipher_suites={version: suites}, fresh_keys=True)
    return model if field is None else replace(model, prime=field)


async def seen(model: ServerModel) -> Observation:
    return await Simulation(model).visit(PARTS)


def verdicts(observation: Observation) -> dict[str, Verdict]:
    facts = {**observation.features, **observation.vulnerabilities}
    return {name: fact.verdict for name, fact in facts.items()}


def is_prime_by_division(number: int) -> bool:
    return number > 1 and all(number % one for one in range(2, int(number**0.5) + 1))


@given(st.integers(0, 20_000))
def test_safe_primes_are_those_found_by_trial_division(number: int) -> None:
    half, odd = divmod(number, 2)
    assert is_safe_prime(number) == bool(
        odd and is_prime_by_division(number) and is_prime_by_division(half)
    )


@pytest.mark.parametrize("name", ["RFC 2409 group 2", "RFC 3526 group 14", "ffdhe2048"])
async def test_the_primes_of_the_rfcs_are_safe(name: str) -> None:
    assert await judge_safety(prime(name)) is Verdict.YES
    assert await judge_safety(prime(name) - 2) is Verdict.NO


async def test_no_visit_waits_for_the_longest_numbers() -> None:
    assert await judge_safety((1 << MOST_BITS) + 1) is Verdict.UNKNOWN


@pytest.mark.parametrize("name", [*MODP, *FFDHE])
def test_the_table_has_the_primes_that_the_rfcs_formulas_give(name: str) -> None:
    known = known_prime(hashlib.sha256(prime_bytes(name)).hexdigest())
    assert known is not None
    assert (known.name, known.bits, known.is_safe) == (name, prime(name).bit_length(), True)


def test_no_two_rows_of_the_table_are_the_same() -> None:
    assert len({row.sha256 for row in KNOWN_PRIMES}) == len({row.name for row in KNOWN_PRIMES})


async def test_a_known_prime_is_named_with_the_versions_that_use_it() -> None:
    suites = (ECDHE_RSA, DHE_RSA, RSA)
    model = replace(server(*suites), cipher_suites={wire.TLSV1_0: suites, wire.TLSV1_2: suites})
    (found,) = (await seen(model)).dh
    assert (found.prime_bits, found.known_as) == (2048, "RFC 3526 group 14")
    assert found.is_safe_prime is Verdict.YES
    assert found.versions == (ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_2)


@pytest.mark.parametrize(
    ("number", "is_safe"),
    [(UNCOMMON_SAFE_PRIME, Verdict.YES), (UNCOMMON_SAFE_PRIME + 2, Verdict.NO), (0, Verdict.NO)],
)
async def test_an_uncommon_number_is_tested(number: int, is_safe: Verdict) -> None:
    (found,) = (await seen(server(DHE_RSA, field=number.to_bytes(4, "big")))).dh
    bare = number.to_bytes((number.bit_length() + 7) // 8, "big")
    assert found == DhParameters(
        prime_bits=number.bit_length(),
        prime_sha256=hashlib.sha256(bare).hexdigest(),
        known_as=None,
        is_safe_prime=is_safe,
        versions=(ProtocolVersion.TLSV1_2,),
        evidence=found.evidence,
    )


async def test_fresh_keys_are_not_vulnerable() -> None:
    assert verdicts(await seen(server(ECDHE_RSA, DHE_RSA))) == {
        "dh_public_value_reused": Verdict.NO,
        "ecdhe_public_value_reused": Verdict.NO,
        "logjam": Verdict.NO,
        "raccoon": Verdict.NO,
    }


async def test_a_reused_key_is_reported_and_is_raccoon() -> None:
    observation = await seen(replace(server(ECDHE_RSA, DHE_RSA), fresh_keys=False))
    assert verdicts(observation) == {
        "dh_public_value_reused": Verdict.YES,
        "ecdhe_public_value_reused": Verdict.YES,
        "logjam": Verdict.NO,
        "raccoon": Verdict.YES,
    }
    proof = observation.vulnerabilities["raccoon"].evidence
    assert proof is not None
    assert proof.answer is not None
    assert proof.answer.count(b"\x5a" * 32) == 2, "both hellos"


@pytest.mark.parametrize(
    ("field", "verdict", "value"),
    [
        (prime_bytes("RFC 2409 group 1"), Verdict.YES, "768"),
        (prime_bytes("RFC 2409 group 2"), Verdict.YES, "1024"),
        (prime_bytes("RFC 3526 group 5"), Verdict.NO, "1536"),
    ],
)
async def test_logjam_is_a_prime_of_at_most_1024_bits(
    field: bytes, verdict: Verdict, value: str
) -> None:
    fact = (await seen(server(DHE_RSA, field=field))).vulnerabilities["logjam"]
    assert (fact.verdict, fact.value) == (verdict, value)


async def test_an_export_suite_is_logjam_with_any_prime() -> None:
    observation = await seen(server(DHE_EXPORT, RSA, version=wire.TLSV1_0))
    assert observation.vulnerabilities["logjam"].verdict is Verdict.YES


async def test_a_suite_with_static_keys_is_raccoon() -> None:
    observation = await seen(server(STATIC_DH, RSA))
    assert verdicts(observation) == {"logjam": Verdict.NO, "raccoon": Verdict.YES}


async def test_without_dhe_there_are_no_fields() -> None:
    observation = await seen(server(RSA))
    assert observation.dh == ()
    assert verdicts(observation) == {"logjam": Verdict.NO, "raccoon": Verdict.NO}


@pytest.mark.parametrize(("suites", "more"), [((DHE_RSA, 0x0039), 0), ((DHE_RSA,), 1), ((RSA,), 0)])
async def test_a_single_flight_costs_one_extra_request(suites: tuple[int, ...], more: int) -> None:
    with_dh, without = Simulation(server(*suites)), Simulation(server(*suites))
    await with_dh.visit(PARTS)
    await without.visit(PARTS - {Part.DH})
    assert with_dh.questions - without.questions == more


async def test_one_hello_finds_the_dh_field_if_suites_are_not_probed() -> None:
    observation = await Simulation(server(ECDHE_RSA, DHE_RSA)).visit(PARTS - {Part.SUITES})
    assert [one.known_as for one in observation.dh] == ["RFC 3526 group 14"]
    assert observation.vulnerabilities["logjam"].verdict is Verdict.UNKNOWN
