"""Floods of QUIC: packets that cannot be read, CRYPTO frames with gaps, PINGs, and packets of the encrypted flight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from probe.crypto.quic_flight import QuicFlightReader
from probe.crypto.quic_question import QuicQuestion
from probe.crypto.tls13_flight import Tls13Flight
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.answer import AnswerReader, ServerFlight
from probe.quic.frames import crypto_frame
from probe.quic.packet import VERSION_1, LongPacket, PacketType
from tests.probe.growth.measuring import Row, Run
from tests.probe.programmable import wire
from tests.probe.quic.peer import NONCE, Peer

_DATAGRAM: Final = 256
_UNREADABLE: Final = b"\xc3\0\0\0\1\0\0\0\x14" + bytes(20)


def quic_rows() -> Iterator[Row]:
    """The question, and the reader of its encrypted flight."""
    floods: dict[str, Callable[[int], bytes]] = {
        "gaps between CRYPTO frames": lambda at: crypto_frame(1 + 2 * at, b"x"),
        "PINGs": lambda _: b"\x01" * 20,
        "a CRYPTO frame for ever": lambda _: crypto_frame(0, b"x" * 20),
    }
    for name, frames in floods.items():
        yield Row("QuicQuestion", name, partial(_initials, frames))
    yield Row("QuicQuestion", "unreadable packets", _unreadable)
    yield Row("QuicFlightReader", "packets that cannot be decrypted", _handshakes)


def _initials(frames: Callable[[int], bytes], length: int) -> Run:
    peer = Peer()
    packets = [peer.answer(frames(at)) for at in range(length // 64)]
    return partial(_fed, peer.question, packets)


def _unreadable(length: int) -> Run:
    count = _DATAGRAM // len(_UNREADABLE)
    return partial(_fed, Peer().question, [_UNREADABLE * count] * (length // _DATAGRAM))


def _fed(question: QuicQuestion, packets: Sequence[bytes]) -> object:
    return next(filter(None, map(question.feed, packets)), None)


def _handshakes(length: int) -> Run:
    secret = KeyShareSecret(0x001D, NONCE)
    hello = wire.server_hello_tls13(0x1301, 0x001D, secret.public, session_id=b"")
    answer = AnswerReader().feed(wire.record(22, wire.TLSV1_2, hello))
    assert isinstance(answer, ServerFlight)
    reader = QuicFlightReader(Tls13Flight(offered=b"", answer=answer), VERSION_1, secret)
    packet = LongPacket(
        kind=PacketType.HANDSHAKE,
        version=VERSION_1,
        destination=b"",
        source=b"",
        token=b"",
        header=b"\xe3" + bytes(10),
        payload=bytes(64),
    )
    return partial(_read, reader, [packet] * (length // 64))


def _read(reader: QuicFlightReader, packets: Sequence[LongPacket]) -> object:
    return next(filter(None, map(reader.feed, packets)), None)
