"""The encrypted flight of a QUIC server, from the CRYPTO frames of its Handshake packets."""

from __future__ import annotations

from dataclasses import replace

from cryptography.exceptions import InvalidTag

from pki.byte_reader import DecodeError
from probe.crypto.quic_keys import PacketKeys
from probe.crypto.tls13_flight import Tls13Flight, with_message
from probe.crypto.tls13_keys import KeyShareSecret, server_traffic_secret
from probe.dialogue.answer import ServerFlight
from probe.quic.crypto_stream import CryptoStream
from probe.quic.frames import decode_frames
from probe.quic.packet import LongPacket
from probe.tls.message_order import TLS13_ENCRYPTED, MessageOrder
from probe.tls.record import MessageReader


class QuicFlightReader:
    """Takes Handshake packets, in any order, until the server has signed.

    ``can_open`` is false if the server's share or suite is not one that our secret can use.
    """

    def __init__(self, flight: Tls13Flight, version: int, secret: KeyShareSecret) -> None:
        """``flight`` has our hello message as ``offered``, and the ServerHello as its answer."""
        self.flight = flight
        self._version = version
        self._keys = self._keys_for(flight, secret)
        self._stream = CryptoStream()
        self._messages = MessageReader()
        self._order = MessageOrder(TLS13_ENCRYPTED)

    @property
    def can_open(self) -> bool:
        """Whether there are keys for the flight."""
        return self._keys is not None

    def feed(self, packet: LongPacket) -> bool:
        """Whether the flight is over with this packet. One that cannot be decrypted is ignored (RFC 9001, 5.5)."""
        if self._keys is None:
            return True
        if packet.version != self._version:
            return False
        try:
            self._read(self._keys.open(packet)[1])
        except InvalidTag:
            return False
        except DecodeError as flaw:
            self.flight = replace(self.flight, flaw=flaw.what)
        return self.flight.is_whole or self.flight.flaw is not None

    def _read(self, content: bytes) -> None:
        frames = decode_frames(content)
        for offset, piece in frames.crypto:
            self._messages.feed(self._stream.take(offset, piece))
            while not self.flight.is_whole and (message := self._messages.next_message()):
                self._order.check(message[0])
                self.flight = with_message(self.flight, *message)
        if frames.closed is not None and not self.flight.is_whole:
            raise DecodeError("flight that ends with CONNECTION_CLOSE", 0)

    def _keys_for(self, flight: Tls13Flight, secret: KeyShareSecret) -> PacketKeys | None:
        answer = flight.answer
        share = answer.hello.key_share if isinstance(answer, ServerFlight) else None
        if share is None or share.group != secret.group or not isinstance(answer, ServerFlight):
            return None
        suite = answer.hello.cipher_suite
        try:
            shared = secret.shared_with(share.key_exchange)
            traffic = server_traffic_secret(suite, shared, flight.offered + answer.raw)
            return PacketKeys(self._version, suite, traffic)
        except (ValueError, KeyError):
            return None
