"""The decrypted flight of TLS 1.3: the RFC's own trace, real servers, and arbitrary bytes."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.clock import SystemClock
from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError
from pki.net_guard.politeness import Politeness
from probe.connect.options import TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer
from probe.crypto.tls13_flight import Tls13Flight, Tls13FlightReader
from probe.crypto.tls13_keys import OPENED_SUITES, SHARED_GROUPS, KeyShareSecret, expand_label
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.offer import Shape, offer
from probe.tls.encrypted_messages import CompressedCertificate
from probe.tls.limits import MAX_UNCOMPRESSED_LENGTH
from probe.visit.settings import ProbeSettings
from tests.probe.programmable import wire
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates

NONCE = bytes(64)
SHAPE = Shape(server_name="zoo.test")
EVERY_SUITE, EVERY_GROUP = "openssl-tls13-all-suites-two-groups", "openssl-tls13-only"
SECP521R1, AES_128_GCM = 0x0019, 0x1301


def test_labels_expand_as_in_the_trace_of_rfc_8448() -> None:
    """RFC 8448, section 3: the server's handshake traffic secret, its key and its IV."""
    secret = bytes.fromhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
    key = expand_label("sha256", secret, b"key", b"", 16)
    iv = expand_label("sha256", secret, b"iv", b"", 12)
    assert key.hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert iv.hex() == "5d313eb2671276ee13000b30"


@pytest.mark.parametrize("group", SHARED_GROUPS)
def test_both_sides_of_a_share_compute_the_same_secret(group: int) -> None:
    one, other = KeyShareSecret(group, b"one"), KeyShareSecret(group, b"other")
    assert one.shared_with(other.public) == other.shared_with(one.public)
    assert KeyShareSecret(group, b"one").public == one.public


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "suite", "group"),
    [
        *((EVERY_SUITE, suite, SECP521R1) for suite in OPENED_SUITES),
        *((EVERY_GROUP, AES_128_GCM, group) for group in SHARED_GROUPS),
    ],
)
async def test_a_real_flight_is_opened_with_every_suite_and_group(
    name: str, suite: int, group: int, certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == name]
    settings = ProbeSettings()
    with server.start(certificates, tmp_path) as port:
        options = TransportOptions(
            address=("127.0.0.1", port), peer=Peer(name="zoo.test"), nonce=NONCE
        )
        session = EndpointSession(options, settings, Politeness(settings), SystemClock())
        asked = offer(ProtocolVersion.TLSV1_3, (suite,), SHAPE)
        secret = KeyShareSecret(group, NONCE)
        flight = await session.converse(Tls13FlightReader(asked, secret, NONCE))
        await session.close()
    assert not isinstance(flight, ConnectFailure)
    assert flight.is_whole
    assert flight.certificates is not None
    assert len(flight.certificates) == len(certificates.rsa.chain.sha256s)


def fed(pieces: list[bytes]) -> Tls13Flight:
    asked = offer(ProtocolVersion.TLSV1_3, OPENED_SUITES, SHAPE)
    reader = Tls13FlightReader(asked, KeyShareSecret(SHARED_GROUPS[0], NONCE), NONCE)
    reader.begin(lambda _: None)
    for piece in pieces:
        flight = reader.feed(piece)
        if flight is not None:
            return flight
    return reader.end(Ending.CLOSED)


@given(st.lists(st.binary(max_size=200)), st.booleans())
def test_no_bytes_raise_an_exception(pieces: list[bytes], begins_well: bool) -> None:
    point = KeyShareSecret(SHARED_GROUPS[0], b"server").public
    hello = wire.server_hello_tls13(0x1301, SHARED_GROUPS[0], point, session_id=NONCE[:32])
    head = [wire.records(wire.TLSV1_2, hello)] if begins_well else []
    records = [wire.record(23, wire.TLSV1_2, piece) for piece in pieces]
    for flight in (fed([*head, *pieces]), fed([*head, *records])):
        assert not flight.is_whole
        assert flight.certificates is None


def test_a_chain_that_expands_too_much_is_cut() -> None:
    bomb = zlib.compress(bytes(100 * MAX_UNCOMPRESSED_LENGTH))
    message = CompressedCertificate(
        algorithm=1, uncompressed_length=MAX_UNCOMPRESSED_LENGTH, compressed=bomb
    )
    with pytest.raises(DecodeError):
        message.certificate()
    honest = CompressedCertificate(
        algorithm=1, uncompressed_length=2 * MAX_UNCOMPRESSED_LENGTH, compressed=bomb
    )
    assert honest.certificate() is None
