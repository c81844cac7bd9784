"""Every Offer is a valid hello of its version, asks its question, and hangs no load balancer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlslite.extensions import SNIExtension
from tlslite.messages import ClientHello as OracleHello
from tlslite.utils.codec import Parser

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suites_for
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.dialogue.offer import RENEGOTIATION_SCSV, TLS13_GROUPS, Offer, Shape, offer
from probe.tls.extensions import ExtensionType
from probe.tls.hello import ClientHello
from tests.probe.tls import wire

NONCE = bytes(range(64))
TLS13 = ProtocolVersion.TLSV1_3


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    version = draw(st.sampled_from(ASKED_VERSIONS))
    suites = [suite.code_point for suite in cipher_suites_for(version)]
    name = st.from_regex(r"[a-z]{1,60}(\.[a-z]{1,60}){0,3}", fullmatch=True)
    shape = Shape(
        server_name=draw(st.none() | name),
        sends_key_shares=draw(st.booleans()),
    )
    groups = None
    if version is TLS13:
        groups = tuple(draw(st.lists(st.sampled_from(TLS13_GROUPS), min_size=1, unique=True)))
    chosen = draw(st.lists(st.sampled_from(suites), min_size=1, unique=True))
    return offer(version, tuple(chosen), shape, groups)


def decoded(asked: Offer) -> ClientHello:
    return ClientHello.decode(asked.encode(NONCE)[9:])


def body_of(hello: ClientHello, extension: int) -> bytes | None:
    return next((one.body for one in hello.extensions or () if one.code_point == extension), None)


@given(offers())
def test_the_sent_hello_contains_the_offer(asked: Offer) -> None:
    hello = decoded(asked)
    signal = () if asked.version is TLS13 else (RENEGOTIATION_SCSV,)
    offered = (*asked.cipher_suites, *signal)
    assert hello.cipher_suites[: len(offered)] == offered
    # SSL 3.0 has no padding but a suite that stands twice.
    assert set(hello.cipher_suites[len(offered) :]) <= set(signal)
    assert (hello.random, hello.session_id) == (NONCE[:32], NONCE[32:])
    assert hello.legacy_version == min(asked.version, ProtocolVersion.TLSV1_2)


@given(offers())
def test_no_length_hangs_a_load_balancer(asked: Offer) -> None:
    length = len(asked.encode(NONCE)) - 5
    assert not 256 <= length < 512
    assert length % 256 not in {10, 14}


@pytest.mark.parametrize("version", ASKED_VERSIONS)
def test_no_number_of_suites_hangs_a_load_balancer(version: ProtocolVersion) -> None:
    suites = tuple(suite.code_point for suite in cipher_suites_for(version))
    # Names of one to four letters reach every remainder: a suite takes two bytes.
    for count in range(1, len(suites) + 1):
        for name in (None, "a", "ab", "abc", "abcd"):
            asked = offer(version, suites[:count], Shape(server_name=name), groups=(0x001D,))
            length = len(asked.encode(NONCE)) - 5
            assert not 256 <= length < 512, (count, name)
            assert length % 256 not in {10, 14}, (count, name)


@given(offers())
def test_padding_is_zeros_and_only_if_the_length_requires_it(asked: Offer) -> None:
    hello = decoded(asked)
    padded = [one for one in hello.extensions or () if one.code_point == ExtensionType.PADDING]
    for one in padded:
        assert one is (hello.extensions or ())[-1]
        assert one.body == bytes(len(one.body))
        length = len(asked.encode(NONCE)) - 5 - 4 - len(one.body)
        assert 256 <= length < 512 or length % 256 in {10, 14}


@given(offers())
def test_groups_are_the_requested_ones(asked: Offer) -> None:
    body = body_of(decoded(asked), ExtensionType.SUPPORTED_GROUPS)
    if asked.version is ProtocolVersion.SSLV3:
        assert body is None
    else:
        assert body == wire.vector(b"".join(wire.number(group, 2) for group in asked.groups), 2)


@given(offers())
def test_each_extension_occurs_once(asked: Offer) -> None:
    code_points = [one.code_point for one in decoded(asked).extensions or ()]
    assert len(set(code_points)) == len(code_points)


@given(offers())
def test_extensions_are_those_of_the_version(asked: Offer) -> None:
    hello = decoded(asked)
    if asked.version is ProtocolVersion.SSLV3:
        assert hello.extensions is None
        return
    assert hello.extensions is not None
    assert hello.extensions[-1].body
    has_schemes = body_of(hello, ExtensionType.SIGNATURE_ALGORITHMS) is not None
    has_versions = body_of(hello, ExtensionType.SUPPORTED_VERSIONS) == b"\x02\x03\x04"
    assert has_schemes == (asked.version >= ProtocolVersion.TLSV1_2)
    assert has_versions == (asked.version is TLS13)
    assert (body_of(hello, ExtensionType.SERVER_NAME) is None) == (asked.shape.server_name is None)


@given(offers())
def test_key_shares_are_empty_unless_the_server_needs_them(asked: Offer) -> None:
    share = body_of(decoded(asked), ExtensionType.KEY_SHARE)
    if asked.version is not TLS13:
        assert share is None
    elif not asked.shape.sends_key_shares:
        assert share == b"\x00\x00"
    else:
        assert share is not None
        assert (share != b"\x00\x00") == bool({0x001D, 0x0017} & set(asked.groups))


@given(offers())
def test_another_implementation_reads_the_same(asked: Offer) -> None:
    parser = Parser(bytearray(asked.encode(NONCE)[6:]))
    oracle = OracleHello().parse(parser)
    assert tuple(oracle.cipher_suites) == decoded(asked).cipher_suites
    name = oracle.getExtension(ExtensionType.SERVER_NAME)
    if asked.shape.server_name is not None and asked.version is not ProtocolVersion.SSLV3:
        assert isinstance(name, SNIExtension)
        assert name.hostNames == (asked.shape.server_name.encode(),)


@pytest.mark.parametrize("version", ASKED_VERSIONS)
def test_the_record_version_is_one_that_middleboxes_accept(version: ProtocolVersion) -> None:
    record = offer(version, (0xC02F,), Shape(server_name=None)).encode(NONCE)
    expected = ProtocolVersion.TLSV1_0 if version is TLS13 else version
    assert int.from_bytes(record[1:3], "big") == expected
