"""A scripted QUIC server without a socket: it reads our Initial packets and makes any packets of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from model.protocol_version import ProtocolVersion
from pki.byte_reader import vector
from probe.crypto.quic_keys import PacketKeys, initial_keys
from probe.crypto.quic_question import QuicQuestion, QuicReply
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.offer import Shape, offer
from probe.quic.frames import Frames, crypto_frame, decode_frames
from probe.quic.packet import VERSION_1, PacketType, packets_in
from tests.probe.programmable import wire

NONCE = bytes(range(64))
SERVER_ID = b"serverid"
RETRY_KEY = bytes.fromhex("be0c690b9f66575a1d766b54e368c84e")
RETRY_NONCE = bytes.fromhex("461599d35d632bf2239825bb")
"""RFC 9001, section 5.8."""
OFFER = offer(
    ProtocolVersion.TLSV1_3,
    (0x1301, 0x1302),
    Shape(server_name="zoo.test", alpn_protocols=("h3",)),
    (0x001D, 0x0017),
)


def hello(*, suite: int = 0x1301, group: int = 0x001D) -> bytes:
    """A HelloRetryRequest for the group."""
    return wire.hello_retry_request(suite, group, session_id=b"")


def closed(code: int) -> bytes:
    """CONNECTION_CLOSE with this error code below 2^14."""
    return b"\x1c" + (0x4000 | code).to_bytes(2, "big") + bytes(2)


class Peer:
    """Takes what a question sends. ``answer`` makes an Initial with these frames."""

    def __init__(self, version: int = VERSION_1, secret: KeyShareSecret | None = None) -> None:
        self.sent: list[bytes] = []
        self.version = version
        self.question = QuicQuestion(OFFER, NONCE, version, secret)
        self.question.begin(self.sent.append)
        (self.first,) = packets_in(self.sent[0])
        self.keys = initial_keys(version, self.first.destination)
        self._number = 0

    def answer(self, frames: bytes, source: bytes = SERVER_ID, to: bytes | None = None) -> bytes:
        kind = 0 if self.version == VERSION_1 else 1
        return self._long(self.keys.server, 0xC3 | kind << 4, b"\0", frames, source, to)

    def handshake(self, keys: PacketKeys, frames: bytes) -> bytes:
        kind = 2 if self.version == VERSION_1 else 3
        return self._long(keys, 0xC3 | kind << 4, b"", frames, SERVER_ID, None)

    def _long(
        self,
        keys: PacketKeys,
        first: int,
        token: bytes,
        frames: bytes,
        source: bytes,
        to: bytes | None,
    ) -> bytes:
        length = 4 + len(frames) + 16
        ids = vector(self.first.source if to is None else to, 1) + vector(source, 1)
        head = bytes((first,)) + self.version.to_bytes(4, "big") + ids + token
        self._number += 1
        return keys.seal(head + (0x4000 | length).to_bytes(2, "big"), self._number, frames)

    def retry(self, token: bytes, *, is_genuine: bool = True) -> bytes:
        head = b"\xf0" + self.version.to_bytes(4, "big") + vector(self.first.source, 1)
        content = head + vector(b"retry-id", 1) + token
        pseudo = vector(self.first.destination, 1) + content
        tag = AESGCM(RETRY_KEY).encrypt(RETRY_NONCE, b"", pseudo)
        return content + (tag if is_genuine else bytes(16))

    def negotiation(self, *versions: int, source: bytes | None = None) -> bytes:
        ids = vector(self.first.source, 1) + vector(source or self.first.destination, 1)
        return b"\x80" + bytes(4) + ids + b"".join(one.to_bytes(4, "big") for one in versions)

    def fed(self, *datagrams: bytes) -> QuicReply | None:
        """The reply after these datagrams."""
        replies = [self.question.feed(one) for one in datagrams]
        return next((one for one in replies if one is not None), None)

    def frames_of(self, datagram: bytes) -> Frames:
        """What we sent in a datagram, decrypted."""
        (packet,) = packets_in(datagram)
        assert packet.kind is PacketType.INITIAL
        keys = initial_keys(self.version, self.first.destination)
        return decode_frames(keys.client.open(packet)[1])


def in_pieces(message: bytes, cuts: Sequence[int]) -> list[bytes]:
    """CRYPTO frames of the message, cut at these places."""
    places = sorted({0, *(cut % len(message) for cut in cuts), len(message)})
    return [crypto_frame(start, message[start:end]) for start, end in pairwise(places)]
