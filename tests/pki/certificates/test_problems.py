"""Each problem is found where it exists, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from model.certificates.certificate import Certificate, KeyType, Problem
from model.verdict import Verdict
from pki.certificates import TrustStore, parse_certificate, problems
from tests.pki.certificates.making import NOW, SERVER_NAMES, Made, make
from tests.pki.certificates.scenarios import LEAF, LOWER, ROOT, SCENARIOS, STRANGER, UPPER

UNREADABLE = b"\x30\x03\x02\x01\x01"


def store(*anchors: Made) -> TrustStore:
    return TrustStore("test", lambda: [each.der for each in anchors])


def problems_of(
    *chain: Certificate,
    anchors: tuple[Made, ...] = (ROOT,),
    server_name_matches: Verdict = Verdict.YES,
) -> set[Problem]:
    found = problems(
        chain, at=NOW, server_name_matches=server_name_matches, stores={"test": store(*anchors)}
    )
    return set(found)


SOUND = tuple(parse_certificate(each.der) for each in (LEAF, LOWER, UPPER))


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_has_its_problems(name: str) -> None:
    scenario = SCENARIOS[name]
    chain = [parse_certificate(each.der) for each in scenario.sent]
    found = problems_of(*chain, anchors=scenario.anchors)
    assert found == set(scenario.problems)


def test_problems_are_in_the_order_of_the_vocabulary() -> None:
    chain = [parse_certificate(each.der) for each in (LEAF, ROOT, LOWER, STRANGER, UPPER)]
    found = problems(
        chain, at=NOW, server_name_matches=Verdict.NO, stores={"test": store(STRANGER)}
    )
    assert list(found) == [each for each in Problem if each in found]
    assert len(found) == 5


def test_a_chain_that_one_of_several_stores_trusts_has_no_problem() -> None:
    stores = {"other": store(STRANGER), "own": store(ROOT)}
    assert problems(SOUND, at=NOW, server_name_matches=Verdict.YES, stores=stores) == ()


def test_without_stores_trust_is_not_reported() -> None:
    chain = (parse_certificate(LEAF.der),)
    assert problems(chain, at=NOW, server_name_matches=Verdict.YES, stores={}) == ()


@pytest.mark.parametrize(
    ("verdict", "found"),
    [("yes", set()), ("no", {Problem.HOSTNAME_MISMATCH}), ("unknown", set())],
)
def test_only_a_proven_mismatch_is_a_problem(verdict: str, found: set[Problem]) -> None:
    assert problems_of(*SOUND, server_name_matches=Verdict(verdict)) == found


@pytest.mark.parametrize(
    ("key_type", "bits", "is_weak"),
    [
        (KeyType.RSA, 2047, True),
        (KeyType.RSA, 2048, False),
        (KeyType.RSA_PSS, 1024, True),
        (KeyType.ECDSA, 223, True),
        (KeyType.ECDSA, 224, False),
        (KeyType.DSA, 3072, True),
        (KeyType.ED25519, 256, False),
        (KeyType.RSA, None, False),
        (KeyType.OTHER, None, False),
    ],
)
@pytest.mark.parametrize("position", [0, 1])
def test_weak_keys_are_detected(
    position: int, key_type: KeyType, bits: int | None, is_weak: bool
) -> None:
    chain = list(SOUND)
    chain[position] = replace(chain[position], key_type=key_type, key_bits=bits)
    assert (Problem.WEAK_KEY in problems_of(*chain)) is is_weak


@pytest.mark.parametrize("last_arc", [2, 4, 5])
@pytest.mark.parametrize(("position", "is_weak"), [(0, True), (1, True), (2, False)])
def test_weak_signatures_count_except_on_roots(last_arc: int, position: int, is_weak: bool) -> None:
    root = make("rsa root", is_ca=True, private_key=rsa.generate_private_key(65537, 2048))
    lower = make("rsa lower", issuer=root, is_ca=True, private_key=root.key)
    leaf = make("server", issuer=lower, names=SERVER_NAMES)
    algorithms = bytes.fromhex("2a864886f70d0101")
    chain = [each.der for each in (leaf, lower, root)]
    weakened = chain[position].replace(algorithms + b"\x0b", algorithms + bytes([last_arc]))
    chain[position] = weakened
    found = problems_of(*map(parse_certificate, chain), anchors=(root,))
    assert (Problem.WEAK_SIGNATURE in found) is is_weak


def test_an_unparsable_certificate_is_reported_and_proves_nothing_else() -> None:
    found = problems_of(SOUND[0], parse_certificate(UNREADABLE))
    assert found == {Problem.UNPARSABLE, Problem.SURPLUS}
