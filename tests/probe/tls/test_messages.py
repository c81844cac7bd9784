"""Hellos and the messages after them: values and bytes both ways, and only our own errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import DecodeError
from probe.tls.extensions import Extension
from probe.tls.hello import RETRY_REQUEST_RANDOM, ClientHello, ServerHello
from probe.tls.messages import (
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    ServerKeyExchange,
)
from tests.probe.tls import wire

TLS11, TLS12 = 0x0302, 0x0303
CODE_POINT = st.integers(0, 0xFFFF)
EXTENSIONS = st.lists(st.builds(Extension, code_point=CODE_POINT, body=st.binary(max_size=40))).map(
    tuple
)
CLIENT_HELLOS = st.builds(
    ClientHello,
    legacy_version=CODE_POINT,
    random=st.binary(min_size=32, max_size=32),
    session_id=st.binary(max_size=32),
    cipher_suites=st.lists(CODE_POINT).map(tuple),
    compression_methods=st.binary(max_size=4),
    extensions=st.none() | EXTENSIONS,
)
KINDS = st.tuples(
    st.sampled_from(["RSA", "DHE", "ECDHE", "PSK", "SRP", "KRB5", "GOST", "NULL", "any"]),
    st.sampled_from(["RSA", "ECDSA", "DSS", "PSK", "anon", "SRP", "any"]),
)
NEVER_OTHERWISE: tuple[Callable[[bytes], object], ...] = (
    ClientHello.decode,
    ServerHello.decode,
    CertificateMessage.decode,
    CertificateStatus.decode,
    lambda body: CertificateRequest.decode(body, TLS11),
    lambda body: CertificateRequest.decode(body, TLS12),
    lambda body: ServerKeyExchange.decode(body, TLS12, "ECDHE", "RSA"),
    lambda body: ServerKeyExchange.decode(body, TLS11, "DHE", "anon"),
    lambda body: ServerKeyExchange.decode(body, TLS12, "RSA", "RSA"),
    lambda body: ServerKeyExchange.decode(body, TLS12, "ECDHE", "PSK"),
)


@given(CLIENT_HELLOS)
def test_a_client_hello_is_read_as_written(hello: ClientHello) -> None:
    assert ClientHello.decode(hello.encode()) == hello


@given(
    version=CODE_POINT,
    random=st.binary(min_size=32, max_size=32),
    session_id=st.binary(max_size=32),
    suite=CODE_POINT,
    items=st.lists(st.tuples(CODE_POINT, st.binary(max_size=30)), max_size=4),
)
def test_a_server_hello_is_read(
    version: int, random: bytes, session_id: bytes, suite: int, items: list[tuple[int, bytes]]
) -> None:
    hello = ServerHello.decode(
        wire.server_hello(
            version=version,
            random=random,
            session_id=session_id,
            cipher_suite=suite,
            block=wire.extensions(*items),
        )
    )
    assert (hello.legacy_version, hello.random, hello.session_id, hello.cipher_suite) == (
        version,
        random,
        session_id,
        suite,
    )
    assert [(one.code_point, one.body) for one in hello.extensions] == items


def test_the_version_is_that_of_supported_versions() -> None:
    block = wire.extensions((43, b"\x03\x04"))
    assert ServerHello.decode(wire.server_hello(block=block)).version == 0x0304


def test_a_hello_without_extensions_has_its_own_version() -> None:
    assert ServerHello.decode(wire.server_hello(version=0x0300)).version == 0x0300


def test_a_retry_request_names_its_group() -> None:
    block = wire.extensions((43, b"\x03\x04"), (51, b"\x11\xec"))
    hello = ServerHello.decode(wire.server_hello(random=RETRY_REQUEST_RANDOM, block=block))
    assert (hello.is_retry_request, hello.key_share_group) == (True, 0x11EC)


def test_a_hello_names_the_group_of_its_share() -> None:
    block = wire.extensions((51, b"\x00\x1d" + wire.vector(bytes(32), 2)))
    hello = ServerHello.decode(wire.server_hello(block=block))
    assert (hello.is_retry_request, hello.key_share_group) == (False, 0x001D)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5))
def test_a_chain_is_read(chain: list[bytes]) -> None:
    assert CertificateMessage.decode(wire.certificate(*chain)).chain == tuple(chain)


@pytest.mark.parametrize("version", [0x0300, TLS11, TLS12])
@given(
    types=st.binary(max_size=5),
    algorithms=st.lists(CODE_POINT, max_size=5).map(tuple),
    names=st.lists(st.binary(max_size=30), max_size=4).map(tuple),
)
def test_a_certificate_request_is_read(
    version: int, types: bytes, algorithms: tuple[int, ...], names: tuple[bytes, ...]
) -> None:
    sent = algorithms if version == TLS12 else None
    request = CertificateRequest.decode(wire.certificate_request(types, sent, names), version)
    assert request == CertificateRequest(
        certificate_types=tuple(types),
        signature_algorithms=sent or (),
        certificate_authorities=names,
    )


def test_a_certificate_request_may_omit_the_authorities() -> None:
    assert CertificateRequest.decode(b"\x01\x01", TLS11).certificate_authorities == ()


@pytest.mark.parametrize(("version", "scheme"), [(TLS11, None), (TLS12, 0x0804)])
def test_ecdhe_names_its_curve(version: int, scheme: int | None) -> None:
    body = wire.ecdhe(23, b"point", wire.signature(scheme))
    assert ServerKeyExchange.decode(body, version, "ECDHE", "RSA") == ServerKeyExchange(
        named_group=23, public_value=b"point", signature_scheme=scheme
    )


@pytest.mark.parametrize(("version", "authentication"), [(TLS11, "anon"), (TLS12, "ECDSA")])
def test_explicit_curves_have_no_name(version: int, authentication: str) -> None:
    read = ServerKeyExchange.decode(b"\x01whatever", version, "ECDHE", authentication)
    assert read == ServerKeyExchange()


def test_dhe_shows_its_prime() -> None:
    prime = bytes([0x7F]) + bytes(127)
    body = wire.dhe(prime, b"\x02", b"value", wire.signature(0x0401))
    read = ServerKeyExchange.decode(body, TLS12, "DHE", "RSA")
    assert (read.dh_prime, read.dh_prime_bits, read.public_value) == (prime, 1023, b"value")


def test_anonymous_parameters_are_not_signed() -> None:
    read = ServerKeyExchange.decode(wire.dhe(b"\xff", b"\x02", b"v"), TLS12, "DHE", "anon")
    assert read.signature_scheme is None


def test_export_rsa_shows_its_size() -> None:
    body = wire.vector(bytes([0xFF] * 64), 2) + wire.vector(b"\x03", 2) + wire.signature(None)
    assert ServerKeyExchange.decode(body, 0x0301, "RSA", "RSA").rsa_export_bits == 512


@pytest.mark.parametrize("key_exchange", ["PSK", "RSA"])
def test_a_psk_hint_may_be_alone(key_exchange: str) -> None:
    read = ServerKeyExchange.decode(wire.vector(b"hint", 2), TLS12, key_exchange, "PSK")
    assert read == ServerKeyExchange(psk_identity_hint=b"hint")


@pytest.mark.parametrize("kind", [("SRP", "RSA"), ("KRB5", "KRB5"), ("GOST", "GOST12")])
def test_parameters_of_other_kinds_are_not_read(kind: tuple[str, str]) -> None:
    assert ServerKeyExchange.decode(b"whatever", TLS12, *kind) == ServerKeyExchange()


@given(st.binary(max_size=60))
def test_a_stapled_response_is_read(response: bytes) -> None:
    body = b"\x01" + wire.vector(response, 3)
    assert CertificateStatus.decode(body).ocsp_response == response


def test_a_status_of_another_type_is_not_read() -> None:
    assert CertificateStatus.decode(b"\x02whatever").ocsp_response is None


def test_a_psk_hint_comes_first() -> None:
    body = wire.vector(b"hint", 2) + wire.ecdhe(29, b"point")
    read = ServerKeyExchange.decode(body, TLS12, "ECDHE", "PSK")
    assert (read.psk_identity_hint, read.named_group) == (b"hint", 29)


@given(KINDS, st.binary(max_size=120))
def test_any_parameters_are_a_value_or_our_error(kind: tuple[str, str], body: bytes) -> None:
    try:
        ServerKeyExchange.decode(body, TLS12, *kind)
    except DecodeError:
        return


@pytest.mark.parametrize("decode", NEVER_OTHERWISE)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_a_value_or_our_error(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        decode(body)
    except DecodeError:
        return


WHOLE: tuple[tuple[Callable[[bytes], object], bytes], ...] = (
    (CertificateMessage.decode, wire.certificate(b"leaf", b"issuer")),
    (CertificateStatus.decode, b"\x01" + wire.vector(b"response", 3)),
    (
        lambda body: ServerKeyExchange.decode(body, TLS12, "ECDHE", "RSA"),
        wire.ecdhe(29, b"point", wire.signature(0x0804)),
    ),
    (
        lambda body: ServerKeyExchange.decode(body, TLS11, "DHE", "DSS"),
        wire.dhe(b"prime", b"\x02", b"value", wire.signature(None)),
    ),
    (
        lambda body: ServerKeyExchange.decode(body, TLS12, "DHE", "PSK"),
        wire.vector(b"hint", 2) + wire.dhe(b"prime", b"\x02", b"value"),
    ),
    (
        lambda body: ServerKeyExchange.decode(body, TLS12, "RSA", "RSA"),
        wire.vector(b"n" * 64, 2) + wire.vector(b"\x03", 2) + wire.signature(0x0401),
    ),
)
SHORTENABLE: tuple[tuple[Callable[[bytes], object], bytes, bytes], ...] = (
    (
        ServerHello.decode,
        wire.server_hello(session_id=b"id"),
        wire.extensions((0, b"")),
    ),
    (
        lambda body: CertificateRequest.decode(body, TLS12),
        b"\x02\x01\x40\x00\x02\x04\x01",
        wire.vector(wire.vector(b"name", 2), 2),
    ),
)
"""A hello may have no extensions, and old stacks omit the authorities. The table has the required bytes, and
the optional rest as a whole."""


@pytest.mark.parametrize(("decode", "body"), WHOLE)
def test_truncated_or_overlong_input_is_refused(
    decode: Callable[[bytes], object], body: bytes
) -> None:
    decode(body)
    for other in (*(body[:end] for end in range(len(body))), body + b"\x00"):
        with pytest.raises(DecodeError):
            decode(other)


@pytest.mark.parametrize(("decode", "required", "optional"), SHORTENABLE)
def test_an_optional_part_is_omitted_only_as_a_whole(
    decode: Callable[[bytes], object], required: bytes, optional: bytes
) -> None:
    body = required + optional
    decode(body)
    decode(required)
    prefixes = (body[:end] for end in range(len(body)) if end != len(required))
    for other in (*prefixes, body + b"\x00"):
        with pytest.raises(DecodeError):
            decode(other)


def test_a_chain_has_no_empty_certificate() -> None:
    """``opaque ASN.1Cert<1..2^24-1>`` (RFC 5246, section 7.4.2)."""
    with pytest.raises(DecodeError):
        CertificateMessage.decode(wire.certificate(b"leaf", b"", b"issuer"))
