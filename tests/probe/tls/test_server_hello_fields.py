"""A ServerHello's extensions decode by the structures of the RFCs; malformed ones yield nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.tls.encrypted_messages import CertificateEntry
from probe.tls.extensions import Extension, KeyShare
from probe.tls.hello import ServerHello

NAME = st.binary(min_size=1, max_size=255)


def hello(code_point: int, body: bytes) -> ServerHello:
    return ServerHello(
        legacy_version=0x0303,
        random=bytes(32),
        session_id=b"",
        cipher_suite=0xC02F,
        compression_method=0,
        extensions=(Extension(code_point=code_point, body=body),),
    )


@given(name=NAME)
def test_alpn_is_the_name_in_its_two_vectors(name: bytes) -> None:
    """RFC 7301, section 3.1: ProtocolName protocol_name_list<2..2^16-1>, opaque ProtocolName<1..2^8-1>."""
    body = (len(name) + 1).to_bytes(2, "big") + bytes((len(name),)) + name
    assert hello(16, body).alpn_protocol == name
    assert hello(16, body[:-1]).alpn_protocol is None
    assert hello(17, body).alpn_protocol is None


@given(names=st.lists(st.binary(max_size=255), max_size=6), cut=st.booleans())
def test_npn_lists_the_complete_names(names: list[bytes], *, cut: bool) -> None:
    """draft-agl-tls-nextprotoneg-04, section 3."""
    body = b"".join(bytes((len(name),)) + name for name in names)
    assert hello(13172, body + b"\xff" * cut).next_protocols == tuple(names)


@given(group=st.integers(0, 0xFFFF), share=st.binary(min_size=1, max_size=200))
def test_the_share_is_a_group_and_a_vector(group: int, share: bytes) -> None:
    """RFC 9846, section 4.2.8: NamedGroup group; opaque key_exchange<1..2^16-1>."""
    body = group.to_bytes(2, "big") + len(share).to_bytes(2, "big") + share
    assert hello(51, body).key_share == KeyShare(group=group, key_exchange=share)
    assert hello(51, body).key_share_group == group
    assert hello(51, body[:-1]).key_share is None


@given(limit=st.integers(0, 0xFFFF))
def test_the_record_size_limit_is_two_bytes(limit: int) -> None:
    """RFC 8449, section 4: uint16 RecordSizeLimit."""
    body = limit.to_bytes(2, "big")
    assert hello(28, body).record_size_limit == limit
    assert hello(28, body[:1]).record_size_limit is None
    assert hello(28, body + b"\x00").record_size_limit is None


@given(formats=st.binary(min_size=1, max_size=255))
def test_point_formats_follow_their_length(formats: bytes) -> None:
    """RFC 8422, section 5.1.2: ECPointFormat ec_point_format_list<1..2^8-1>."""
    assert hello(11, bytes((len(formats),)) + formats).ec_point_formats == formats


@given(
    kind=st.sampled_from((11, 16, 18, 28, 51, 13172, 0xFF01)),
    body=st.binary(max_size=40),
)
def test_no_body_makes_a_field_raise(kind: int, body: bytes) -> None:
    one = hello(kind, body)
    assert (one.has(kind), one.has(kind + 1)) == (True, False)
    for value in (one.alpn_protocol, one.sct_list):
        assert value is None or value in body
    assert all(name in body for name in one.next_protocols)
    assert one.key_share is None or one.key_share.key_exchange in body
    assert one.record_size_limit is None or one.record_size_limit.to_bytes(2, "big") == body
    assert one.ec_point_formats in body


@given(response=st.binary(min_size=1, max_size=100), timestamps=st.binary(min_size=1, max_size=40))
def test_a_certificate_entry_has_what_is_stapled_to_it(response: bytes, timestamps: bytes) -> None:
    """RFC 9846, section 4.4.2.1: a CertificateStatus (RFC 6066, section 8), here of type ocsp (1)."""
    status = b"\x01" + len(response).to_bytes(3, "big") + response
    entry = CertificateEntry(
        der=b"leaf",
        extensions=(
            Extension(code_point=5, body=status),
            Extension(code_point=18, body=timestamps),
        ),
    )
    assert (entry.ocsp_response, entry.sct_list) == (response, timestamps)
    cut = CertificateEntry(der=b"leaf", extensions=(Extension(code_point=5, body=status[:-1]),))
    assert (cut.ocsp_response, cut.sct_list) == (None, None)


def test_without_extensions_every_field_is_absent() -> None:
    one = hello(1000, b"\x00\x01\x00")
    assert (one.alpn_protocol, one.sct_list, one.record_size_limit, one.key_share) == (None,) * 4
    assert (one.next_protocols, one.ec_point_formats) == ((), b"")
