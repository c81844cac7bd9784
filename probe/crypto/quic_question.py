"""One hello in Initial packets of QUIC, and the answer to it, for ``probe.connect`` to carry.

The keys of Initial packets are public, so the server's hello, its retry request or its alert can be read without a
handshake: each Offer can be asked over QUIC as over TCP. With a key share of ours, the server's encrypted flight is
read too, up to CertificateVerify. The handshake is never finished; CONNECTION_CLOSE ends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cryptography.exceptions import InvalidTag

from model.frozen import frozen
from pki.byte_reader import DecodeError, vector
from probe.crypto.quic_flight import QuicFlightReader
from probe.crypto.quic_keys import initial_keys, is_genuine_retry, sealed_initial
from probe.crypto.tls13_flight import Tls13Flight, with_share
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.answer import (
    KEPT_LENGTH,
    Answer,
    AnswerReader,
    ConnectFailure,
    Ending,
    FailureKind,
    Malformed,
    NoHello,
    NotTls,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.offer import Offer
from probe.quic.crypto_stream import CryptoStream
from probe.quic.frames import (
    CONNECTION_REFUSED,
    CRYPTO_ERROR,
    Frames,
    ack_frame,
    close_frame,
    crypto_frame,
    decode_frames,
)
from probe.quic.packet import LongPacket, PacketType, number, packets_in, retry_token
from probe.quic.version_negotiation import listed_versions
from probe.tls.extensions import Extension
from probe.tls.limits import MAX_QUIC_DATAGRAMS
from probe.tls.record import RECORD_HEADER_LENGTH, ContentType, encode_record

_TRANSPORT_PARAMETERS: Final = 0x39
_PARAMETERS: Final = ((0x01, 5_000), (0x04, 1 << 16), (0x07, 1 << 14), (0x09, 3))
"""max_idle_timeout in milliseconds, initial_max_data, initial_max_stream_data_uni and
initial_max_streams_uni: HTTP/3 needs three streams of the server (RFC 9114, section 6.2)."""
_INITIAL_SOURCE_CONNECTION_ID: Final = 0x0F
_ID_LENGTH: Final = 8
_LONGEST_TOKEN: Final = 512
_PIECE: Final = 1_000
"""Bytes of the hello in one Initial: the rest goes into more packets."""
_RECORD_VERSION: Final = 0x0303
_LONGEST_RECORD: Final = 2**14
_FATAL: Final = 2


@frozen
class QuicReply:
    """``offered`` are our first packets, ``answer`` the answer to the hello.

    ``retry`` is the Retry that the server sent first, and ``versions`` are those of a Version Negotiation that
    came instead of an answer; each is None if none came. ``flight`` is set if the question had a key share.
    """

    offered: bytes
    answer: Answer
    retry: bytes | None = None
    versions: tuple[int, ...] | None = None
    flight: Tls13Flight | None = None


def over_quic(asked: Offer, source: bytes) -> Offer:
    """The Offer with what RFC 9001 requires: transport parameters, and no session id (sections 8.2 and 8.4)."""
    parameters = b"".join(
        number(name) + number(len(number(value))) + number(value) for name, value in _PARAMETERS
    )
    parameters += number(_INITIAL_SOURCE_CONNECTION_ID) + vector(source, 1)
    extension = Extension(code_point=_TRANSPORT_PARAMETERS, body=parameters)
    changes = replace(
        asked.changes, session_id=b"", extensions=(*asked.changes.extensions, extension)
    )
    return replace(asked, changes=changes)


class QuicQuestion:
    """A Dialogue over datagrams: ``feed`` takes one datagram at a time.

    It sends at most MAX_QUIC_DATAGRAMS. A Retry is followed once, and Version Negotiation ends the question, so
    neither can become a loop. The connection ids follow from the hello: a replay sends the same bytes.
    """

    def __init__(
        self, asked: Offer, nonce: bytes, version: int, secret: KeyShareSecret | None = None
    ) -> None:
        seed = hashlib.sha256(b"tlsprobe quic" + version.to_bytes(4, "big") + nonce)
        shared = asked if secret is None else with_share(asked, secret)
        seed.update(shared.encode(nonce))
        self._first_id, self._source = seed.digest()[:_ID_LENGTH], seed.digest()[-_ID_LENGTH:]
        self._hello = over_quic(shared, self._source).encode(nonce)[RECORD_HEADER_LENGTH:]
        self._version = version
        self._keys = initial_keys(version, self._first_id)
        self._destination = self._first_id
        self._has_answered = False
        self._token = b""
        self._send: Callable[[bytes], None] | None = None
        self._sent = 0
        self._received: frozenset[int] = frozenset()
        self._stream = CryptoStream()
        self._reader = AnswerReader()
        self._heard = b""
        self._secret = secret
        self._flight: QuicFlightReader | None = None
        self._reply = QuicReply(offered=b"", answer=NoHello(ending=Ending.SILENCE))

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        self._send = send
        datagrams = self._say_hello()
        self._reply = replace(self._reply, offered=b"".join(datagrams))

    def feed(self, received: bytes) -> QuicReply | None:
        """Takes one datagram; returns the reply once it is complete."""
        self._heard = received
        is_eliciting = False
        for packet in packets_in(received):
            if packet.destination != self._source:
                continue
            answer, needs_ack = self._take(packet)
            is_eliciting = is_eliciting or needs_ack
            if answer is not None:
                return self._settled(answer)
        if is_eliciting or (self._flight is not None and self._received):
            self._acknowledge()
        return None

    def end(self, ending: Ending) -> QuicReply:
        """The reply if nothing more will come."""
        if self._flight is not None:
            return self._settled(self._reply.answer)
        answer = self._reader.end(ending)
        if isinstance(answer, NoHello):
            answer = NoHello(ending=ending, raw=self._heard[:KEPT_LENGTH])
        return self._settled(answer)

    def _take(self, packet: LongPacket) -> tuple[Answer | None, bool]:
        """The answer that this packet completes, and whether it asks for an ACK."""
        match packet.kind:
            case PacketType.VERSION_NEGOTIATION:
                return self._negotiation(packet), False
            case PacketType.RETRY if packet.version == self._version:
                return self._retried(packet), False
            case PacketType.INITIAL if packet.version == self._version:
                return self._initial(packet)
            case PacketType.HANDSHAKE if self._secret is not None:
                return self._handshake(packet), False
        return None, False

    def _negotiation(self, packet: LongPacket) -> Answer | None:
        """RFC 9000, section 6.2: one that lists our version, or comes after an answer, is not genuine."""
        versions = listed_versions(packet.payload)
        is_ours = packet.source == self._first_id and not self._has_answered
        if not is_ours or versions is None or self._version in versions:
            return None
        if self._reply.retry is not None:
            return None
        self._reply = replace(self._reply, versions=versions)
        return NoHello(ending=Ending.CLOSED, raw=self._heard)

    def _retried(self, packet: LongPacket) -> Answer | None:
        """Sends the hello again with the token. A second Retry, and one with a wrong tag, is ignored."""
        token = retry_token(packet)
        if self._has_answered or self._reply.retry is not None or not token:
            return None
        if not is_genuine_retry(packet, self._first_id):
            return None
        if len(token) > _LONGEST_TOKEN:
            return Malformed(raw=self._heard[:KEPT_LENGTH], what="token of a QUIC Retry")
        self._reply = replace(self._reply, retry=self._heard)
        self._token, self._destination = token, packet.source
        self._keys = initial_keys(self._version, packet.source)
        self._say_hello()
        return None

    def _initial(self, packet: LongPacket) -> tuple[Answer | None, bool]:
        if self._has_answered and packet.source != self._destination:
            return None, False
        try:
            at, content = self._keys.server.open(packet)
        except InvalidTag:
            return None, False
        self._has_answered, self._destination = True, packet.source
        self._received |= {at}
        try:
            frames = decode_frames(content)
            return self._read(frames), frames.is_ack_eliciting
        except DecodeError as flaw:
            return Malformed(raw=self._heard[:KEPT_LENGTH], what=flaw.what), False

    def _read(self, frames: Frames) -> Answer | None:
        answer = None
        if self._flight is None:
            for offset, content in frames.crypto:
                answer = answer or self._hello_in(self._stream.take(offset, content))
        if answer is None and frames.closed is not None:
            return self._closed(frames.closed)
        return answer

    def _hello_in(self, content: bytes) -> Answer | None:
        """The answer in these bytes of the CRYPTO stream; None also if a flight of ours follows it."""
        answer = None
        for at in range(0, len(content), _LONGEST_RECORD):
            piece = content[at : at + _LONGEST_RECORD]
            record = encode_record(ContentType.HANDSHAKE, _RECORD_VERSION, piece)
            answer = answer or self._reader.feed(record)
        if isinstance(answer, ServerFlight) and self._secret is not None:
            flight = Tls13Flight(offered=self._hello, answer=answer)
            self._flight = QuicFlightReader(flight, self._version, self._secret)
            self._reply = replace(self._reply, answer=self._as_sent(answer))
            return None if self._flight.can_open else self._reply.answer
        return None if answer is None else self._as_sent(answer)

    def _closed(self, code: int) -> Answer:
        """What CONNECTION_CLOSE means (RFC 9000, section 20.1; RFC 9001, section 4.8)."""
        self._send = None
        if self._flight is not None:
            return self._reply.answer
        if CRYPTO_ERROR <= code < CRYPTO_ERROR + 256:
            return TlsAlert(raw=self._heard, level=_FATAL, description=code - CRYPTO_ERROR)
        if code == CONNECTION_REFUSED:
            detail = "the QUIC server refused the connection"
            return ConnectFailure(kind=FailureKind.TURNED_AWAY, detail=detail, raw=self._heard)
        return NoHello(ending=Ending.CLOSED, raw=self._heard)

    def _handshake(self, packet: LongPacket) -> Answer | None:
        if self._flight is None:
            return None
        return self._reply.answer if self._flight.feed(packet) else None

    def _as_sent(self, answer: Answer) -> Answer:
        """The proof holds the datagram: with ours, anybody can decrypt it."""
        if isinstance(answer, ServerFlight | RetryRequest):
            return replace(answer, raw=self._heard)
        if isinstance(answer, NotTls):
            return Malformed(raw=self._heard[:KEPT_LENGTH], what="CRYPTO frame")
        return answer

    def _settled(self, answer: Answer) -> QuicReply:
        """Says goodbye to a server that has a connection, unless it closed that itself."""
        if self._has_answered:
            self._say(close_frame())
        flight = None if self._flight is None else self._flight.flight
        return replace(self._reply, answer=answer, flight=flight)

    def _acknowledge(self) -> None:
        # The last datagram is kept for the goodbye.
        if self._sent < MAX_QUIC_DATAGRAMS - 1:
            self._say(ack_frame(self._received))

    def _say_hello(self) -> list[bytes]:
        pieces = range(0, len(self._hello), _PIECE)
        return [self._say(crypto_frame(at, self._hello[at : at + _PIECE])) for at in pieces]

    def _say(self, frames: bytes) -> bytes:
        ids = (self._destination, self._source)
        at, self._sent = self._sent, self._sent + 1
        datagram = sealed_initial(self._keys.client, self._version, ids, self._token, at, frames)
        if self._send is not None and at < MAX_QUIC_DATAGRAMS:
            self._send(datagram)
        return datagram
