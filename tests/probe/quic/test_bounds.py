"""A QUIC server that sends single bytes of CRYPTO with gaps between them: aioquic's own packets, no socket."""

from __future__ import annotations

import ssl

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicFrameType,
    QuicPacketType,
    QuicProtocolVersion,
)
from aioquic.quic.packet_builder import QuicPacketBuilder

from probe.connect.bounded_quic import BoundedQuicConnection
from probe.tls.limits import MAX_CRYPTO_FRAMES

PLACE = ("127.0.0.1", 443)
VERSION = QuicProtocolVersion.VERSION_1


def _packets(client: QuicConnection, frames: int) -> list[bytes]:
    """Initial packets with ``frames`` CRYPTO frames of one byte, omitting every other byte."""
    builder = QuicPacketBuilder(
        host_cid=bytes(8),
        peer_cid=client.host_cid,
        version=VERSION,
        is_client=False,
        max_datagram_size=1200,
    )
    crypto = CryptoPair()
    crypto.setup_initial(
        client.original_destination_connection_id, is_client=False, version=VERSION
    )
    builder.start_packet(QuicPacketType.INITIAL, crypto)
    for number in range(frames):
        if builder.remaining_buffer_space < 64:
            builder.start_packet(QuicPacketType.INITIAL, crypto)
        buffer = builder.start_frame(QuicFrameType.CRYPTO, capacity=16)
        buffer.push_uint_var(1 + 2 * number)
        buffer.push_uint_var(1)
        buffer.push_bytes(b"x")
    datagrams, _ = builder.flush()
    return datagrams


def _asked() -> BoundedQuicConnection:
    configuration = QuicConfiguration(alpn_protocols=["h3"], verify_mode=ssl.CERT_NONE)
    client = BoundedQuicConnection(configuration)
    client.connect(PLACE, now=0.0)
    client.datagrams_to_send(now=0.0)
    return client


@pytest.mark.parametrize(("extra", "is_ended"), [(0, False), (1, True)])
def test_the_number_of_crypto_frames_in_a_handshake_is_limited(extra: int, is_ended: bool) -> None:
    client = _asked()
    for datagram in _packets(client, MAX_CRYPTO_FRAMES + extra):
        client.receive_datagram(datagram, PLACE, now=0.0)
    client.datagrams_to_send(now=0.0)
    if is_ended:
        client.handle_timer(now=1_000.0)
    ends = []
    while (event := client.next_event()) is not None:
        if isinstance(event, ConnectionTerminated):
            ends.append(event.error_code)
    assert ends == ([QuicErrorCode.CRYPTO_BUFFER_EXCEEDED] if is_ended else [])
