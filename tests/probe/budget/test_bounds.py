"""No library computes with a stranger's key, or reads a stranger's lists, beyond the limits; and this is reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import Problem
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment, elements_of, parse_certificate
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.der import MOST_ELEMENTS, Element, Tag, count_elements
from pki.certificates.reading.strict_reading import load_certificate
from probe.connect.openssl.bounds import beyond_handshakes
from probe.dialogue.session_reader import SessionInPlaintext
from tests.pki.certificates.making import make
from tests.probe.budget import hostile_certificates as hostile
from tests.probe.programmable import wire
from tests.probe.programmable.primes import prime_bytes

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROOT = make("root", is_ca=True)
DHE_RSA = 0x0033

BEYOND = {
    "RSA of 16,385 bits": (hostile.rsa(16_385, 17), "an RSA modulus of 16,385 bits"),
    "an exponent of 65 bits": (hostile.rsa(2048, 65), "an RSA exponent of 65 bits"),
    "RSA of a hundred thousand bits": (hostile.rsa(100_001, 17), "an RSA modulus of 100,001 bits"),
    "DSA of 4,097 bits": (hostile.dsa(4_097, 256), "a DSA prime or generator of 4,097 bits"),
    "a subgroup of 513 bits": (hostile.dsa(3_072, 513), "a DSA subgroup of 513 bits"),
    "DH of 8,193 bits": (hostile.diffie_hellman(8_193), "a prime of 8,193 bits"),
    "a curve of one's own": (
        hostile.explicit_curve(256),
        "an elliptic curve with explicit parameters",
    ),
    "a huge curve": (hostile.explicit_curve(65_536), "bytes (limit: 8,192)"),
    "a point too long": (
        hostile.key(hostile.EC_PUBLIC_KEY, hostile.identifier(hostile.SECP256R1), bytes(134)),
        "a point of 134 bytes",
    ),
    "an unknown kind": (
        hostile.key("2a0304", hostile.tlv(5, b""), bytes(8_193)),
        "8,193 bytes",
    ),
}
WITHIN = {
    "RSA of 16,384 bits": hostile.rsa(16_384, 17),
    "an exponent of 64 bits": hostile.rsa(2048, 64),
    "DSA of 3,072 bits": hostile.dsa(3_072, 256),
    "DH of 8,192 bits": hostile.diffie_hellman(8_192),
}


@pytest.mark.parametrize("kind", BEYOND)
def test_a_key_beyond_the_bounds_is_reported_and_not_given_to_any_library(kind: str) -> None:
    public_key, reason = BEYOND[kind]
    der = hostile.certificate(public_key)
    read = parse_certificate(der)
    assert (read.subject, reason in str(read.parse_error)) == ("CN=x", True)
    assert load_certificate(der) is None


@pytest.mark.parametrize("kind", WITHIN)
def test_the_largest_accepted_keys_are_within_the_bounds(kind: str) -> None:
    assert beyond_bounds(hostile.certificate(WITHIN[kind])) is None


def test_a_chain_with_such_a_key_is_judged_without_it() -> None:
    store = TrustStore("own", lambda: [ROOT.der])
    found = deployment(
        [hostile.giant_rsa()],
        versions=(ProtocolVersion.TLSV1_2,),
        served_with_server_name=True,
        host="x",
        at=NOW,
        stores={"own": store},
    )
    trust = found.trust["own"]
    assert (trust.verdict, trust.strict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
    assert "an RSA modulus of 20,000 bits" in str(trust.reason)
    assert "an RSA modulus of 20,000 bits" in str(trust.strict_reason)
    assert Problem.UNPARSABLE in found.problems


def test_truncation_of_long_lists_is_reported() -> None:
    ordinary = hostile.rsa(2048, 17)
    many_parts = hostile.certificate(ordinary, subject=hostile.name(100_000))
    assert "elements" in str(parse_certificate(many_parts).parse_error)
    some_parts = hostile.certificate(ordinary, subject=hostile.name(128))
    assert "subject has 128 parts or more" in str(parse_certificate(some_parts).parse_error)
    many_names = hostile.certificate(ordinary, extensions=hostile.host_names(100_000))
    assert "elements" in str(parse_certificate(many_names).parse_error)
    all_names = hostile.certificate(ordinary, extensions=hostile.host_names(10_000))
    assert len(parse_certificate(all_names).dns_names) == 10_000


@pytest.mark.parametrize(
    "made",
    [
        lambda size: hostile.certificate(
            hostile.rsa(2048, 17), extensions=hostile.host_names(size // 7)
        ),
        lambda size: hostile.certificate(hostile.rsa(2048, 17), subject=hostile.name(size // 12)),
        lambda size: hostile.certificate(hostile.rsa(8 * size, 17)),
        lambda size: hostile.certificate(hostile.rsa(2048, 17), serial=hostile.of_bits(8 * size)),
        lambda size: hostile.certificate(hostile.rsa(2048, 17), extensions=b"\x30\0" * (size // 2)),
        lambda size: hostile.certificate(hostile.rsa(2048, 17), subject=b"\x30\x80" * (size // 2)),
    ],
    ids=["names", "attributes", "key", "serial number", "extensions", "nested"],
)
def test_reading_costs_no_more_than_its_size(made: Callable[[int], bytes]) -> None:
    """Sixteen times the bytes may take sixteen times as long, with a margin for a noisy machine."""

    def seconds(der: bytes) -> float:
        began = time.thread_time()
        parse_certificate(der)
        return time.thread_time() - began

    small, large = made(2**16), made(2**20)
    assert seconds(large) < 4 * 16 * min(seconds(small) for _ in range(3)) + 0.5


def wrapped(depth: int) -> bytes:
    der = b""
    for _ in range(depth):
        der = hostile.sequence(der)
    return der


def test_elements_are_counted_at_all_depths() -> None:
    assert count_elements(wrapped(50), 100) == 50
    assert count_elements(hostile.tlv(4, wrapped(3)), 100) == 4
    assert count_elements(hostile.sequence(b"\x1f\x01", b"\x05\0"), 100) == 1
    assert count_elements(hostile.sequence(b"\x1f\x01") + hostile.integer(1) * 9, 100) == 10
    assert count_elements(b"\x05\0" * 1000, 100) == 101
    assert elements_of([hostile.certificate(hostile.rsa(2048, 17))] * 3) == 3 * elements_of(
        [hostile.certificate(hostile.rsa(2048, 17))]
    )
    assert elements_of([b"\x05\0" * 10**6]) == MOST_ELEMENTS + 1


TREES = st.recursive(
    st.builds(lambda content: Element(tag=Tag.INTEGER, content=content), st.binary(max_size=9)),
    lambda inner: st.builds(
        lambda tag, members: Element(tag=tag, content=b"".join(one.encode() for one in members)),
        st.sampled_from((Tag.SEQUENCE, Tag.SET)),
        st.lists(inner, max_size=4),
    ),
    max_leaves=30,
)


def size_of(element: Element) -> int:
    inside = element.children() if element.tag != Tag.INTEGER else ()
    return 1 + sum(map(size_of, inside))


@given(TREES)
def test_the_count_agrees_with_the_element_tree(tree: Element) -> None:
    assert count_elements(tree.encode(), 10_000) == size_of(tree)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_no_bytes_make_the_count_raise_or_run_forever(octets: bytes, most: int) -> None:
    assert 0 <= count_elements(octets, most) <= most + 1


def heard(*messages: bytes) -> SessionInPlaintext:
    said = SessionInPlaintext()
    hello = wire.server_hello(wire.TLSV1_2, DHE_RSA, session_id=b"", extensions=[])
    said.feed(wire.records(wire.TLSV1_2, b"".join((hello, *messages))))
    return said


def with_prime(prime: bytes) -> bytes:
    return wire.signed(wire.TLSV1_2, wire.field_parameters(prime, b"\2" * 32))


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ((wire.certificate(wire.self_signed_certificate()),), None),
        ((wire.certificate(hostile.giant_rsa()),), "an RSA modulus of 20,000 bits"),
        (
            (wire.certificate(wire.self_signed_certificate(), hostile.giant_rsa()),),
            "an RSA modulus of 20,000 bits",
        ),
        ((with_prime(prime_bytes("RFC 3526 group 18")),), None),
        ((with_prime(prime_bytes("RFC 3526 group 14")),), None),
        ((with_prime(hostile.of_bits(4_096).to_bytes(512, "big")),), None),
        ((with_prime(bytes(9) + hostile.of_bits(4_097).to_bytes(513, "big")),), "of 4,097 bits"),
        ((with_prime(b"\xff" * 8192),), "of 65,536 bits"),
        ((wire.handshake(11, b"\xff"),), "Certificate cannot be read"),
    ],
)
def test_openssl_gets_no_numbers_beyond_the_bounds(
    messages: tuple[bytes, ...], reason: str | None
) -> None:
    found = beyond_handshakes(heard(*messages))
    assert found is None if reason is None else reason in str(found)
