"""A hello in Initial packets: what each answer of a scripted server means, and how little is sent."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.crypto.quic_keys import PacketKeys
from probe.crypto.quic_question import QuicReply
from probe.crypto.tls13_keys import KeyShareSecret, server_traffic_secret
from probe.dialogue.answer import (
    ConnectFailure,
    Ending,
    Malformed,
    NoHello,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)
from probe.quic.frames import crypto_frame
from probe.quic.packet import VERSION_1, VERSION_2
from probe.tls.limits import MAX_QUIC_DATAGRAMS
from tests.probe.programmable import wire
from tests.probe.quic.peer import NONCE, SERVER_ID, Peer, closed, hello, in_pieces

HANDSHAKE_FAILURE = 40
each_version = pytest.mark.parametrize("version", [VERSION_1, VERSION_2])


@each_version
def test_a_retry_request_answers_the_hello_and_the_connection_is_closed(version: int) -> None:
    peer = Peer(version)
    datagram = peer.answer(crypto_frame(0, hello(group=0x0017)))
    reply = peer.fed(datagram)
    assert reply is not None
    assert isinstance(reply.answer, RetryRequest)
    assert reply.answer.hello.key_share_group == 0x0017
    assert (reply.offered, reply.answer.raw) == (peer.sent[0], datagram)
    assert [len(one) for one in peer.sent] == [1200, 1200]
    assert peer.frames_of(peer.sent[-1]).closed == 0


def test_connection_close_with_a_tls_alert_is_that_alert() -> None:
    peer = Peer()
    reply = peer.fed(peer.answer(closed(0x0100 + HANDSHAKE_FAILURE)))
    assert reply is not None
    assert isinstance(reply.answer, TlsAlert)
    assert reply.answer.description == HANDSHAKE_FAILURE
    assert len(peer.sent) == 1, "a closed connection needs no goodbye"


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        (closed(0x02), ConnectFailure),
        (closed(0x0A), NoHello),
        (b"\x08", Malformed),
        (crypto_frame(0, wire.handshake(11, b"x")), Malformed),
        (crypto_frame(0, b"\x02\xff\xff\xff" + bytes(100)), Malformed),
    ],
    ids=["no room", "another error", "a forbidden frame", "not a hello", "an endless message"],
)
def test_other_answers_are_no_refusal_by_tls(frames: bytes, kind: type) -> None:
    peer = Peer()
    reply = peer.fed(peer.answer(frames))
    assert reply is not None
    assert isinstance(reply.answer, kind)


def test_a_retry_is_followed_once() -> None:
    peer = Peer()
    assert peer.fed(peer.retry(b"forged", is_genuine=False)) is None
    assert len(peer.sent) == 1
    assert peer.fed(peer.retry(b"first"), peer.retry(b"second"), peer.retry(b"third")) is None
    assert len(peer.sent) == 2
    assert b"first" in peer.sent[1]
    assert b"retry-id" in peer.sent[1][:30]
    reply = peer.question.end(Ending.SILENCE)
    assert reply.retry == peer.retry(b"first")


@pytest.mark.parametrize("token", [b"", bytes(4000)], ids=["empty", "too long"])
def test_an_unusable_token_is_not_sent_back(token: bytes) -> None:
    peer = Peer()
    peer.fed(peer.retry(token))
    assert len(peer.sent) == 1


def test_version_negotiation_ends_the_question() -> None:
    peer = Peer(VERSION_2)
    assert peer.fed(peer.negotiation(VERSION_2, VERSION_1)) is None, "it lists what we speak"
    assert peer.fed(peer.negotiation(VERSION_1, source=b"stranger")) is None
    reply = peer.fed(*[peer.negotiation(VERSION_1)] * 100)
    assert reply is not None
    assert reply.versions == (VERSION_1,)
    assert isinstance(reply.answer, NoHello)
    assert len(peer.sent) == 1


def test_packets_of_others_are_ignored() -> None:
    peer = Peer()
    frames = closed(0x0100 + HANDSHAKE_FAILURE)
    for datagram in (
        b"",
        b"garbage" * 100,
        peer.answer(frames, to=b"stranger"),
        peer.answer(frames)[:-1] + b"\0",
        bytes(1) + peer.answer(frames),
    ):
        assert peer.fed(datagram) is None
    assert peer.fed(peer.answer(b"\x01")) is None
    assert peer.fed(peer.answer(frames, source=b"another")) is None, "the id may not change"
    assert isinstance(peer.question.end(Ending.SILENCE).answer, NoHello)


def test_few_datagrams_are_sent_whatever_the_server_asks() -> None:
    """A PING that asks for an ACK, for ever: at most MAX_QUIC_DATAGRAMS, the last of which closes the connection."""
    peer = Peer()
    for _ in range(50):
        peer.fed(peer.answer(b"\x01"))
    peer.question.end(Ending.SILENCE)
    assert len(peer.sent) == MAX_QUIC_DATAGRAMS
    assert peer.frames_of(peer.sent[-1]).closed == 0


def test_nothing_is_sent_to_a_server_that_is_silent() -> None:
    peer = Peer()
    reply = peer.question.end(Ending.SILENCE)
    assert reply.answer == NoHello(ending=Ending.SILENCE)
    assert len(peer.sent) == 1


@given(st.lists(st.integers(0, 200), max_size=8), st.randoms(), st.booleans())
def test_a_hello_in_any_pieces_is_read(
    cuts: list[int], order: random.Random, is_coalesced: bool
) -> None:
    peer = Peer()
    frames = in_pieces(hello(), cuts)
    order.shuffle(frames)
    packets = [peer.answer(one) for one in frames]
    reply = peer.fed(*([b"".join(packets)] if is_coalesced else packets))
    assert reply is not None
    assert isinstance(reply.answer, RetryRequest)


@each_version
@pytest.mark.parametrize("suite", [0x1301, 0x1302, 0x1303])
def test_the_encrypted_flight_is_read_from_coalesced_packets(version: int, suite: int) -> None:
    reply = _flight(version, suite)
    assert isinstance(reply.answer, ServerFlight)
    assert reply.flight is not None
    assert reply.flight.is_whole
    assert reply.flight.requested == ()
    assert [one.der for one in reply.flight.certificates or ()] == [b"leaf"]


def _flight(version: int, suite: int) -> QuicReply:
    secret, server = KeyShareSecret(0x001D, NONCE), KeyShareSecret(0x001D, bytes(64))
    peer = Peer(version, secret)
    greeting = wire.server_hello_tls13(suite, 0x001D, server.public, session_id=b"")
    ((_, asked),) = peer.frames_of(peer.sent[0]).crypto
    traffic = server_traffic_secret(suite, server.shared_with(secret.public), asked + greeting)
    entry = wire.vector(3, b"leaf") + wire.vector(2, b"")
    messages = (
        wire.handshake(8, wire.vector(2, b""))
        + wire.handshake(13, b"\0" + wire.vector(2, b""))
        + wire.handshake(11, b"\0" + wire.vector(3, entry))
        + wire.handshake(15, b"\x04\x03" + wire.vector(2, b"signature"))
    )
    keys = PacketKeys(version, suite, traffic)
    first = peer.answer(crypto_frame(0, greeting))
    reply = peer.fed(first + peer.handshake(keys, crypto_frame(0, messages)))
    assert reply is not None
    assert SERVER_ID in peer.sent[-1]
    return reply
