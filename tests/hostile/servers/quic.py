"""Hostile servers of QUIC (RFC 9000, section 17), next to an honest web server over TCP."""

from __future__ import annotations

import os
from itertools import count
from typing import Final

from probe.checks.part import Part
from tests.hostile.mode import Mode, Packets, SendTo, stream, with_packets
from tests.hostile.self_signed import tls_context
from tests.probe.programmable import wire
from tests.probe.programmable.server import Connection

_PARTS: Final = frozenset({Part.VERSIONS, Part.HTTP})
REPLY: Final = b'HTTP/1.1 200 OK\r\nAlt-Svc: h3=":443"\r\nContent-Length: 0\r\n\r\n'
VERSION_1: Final = 1
LONG_HEADER: Final = 0xC0
RETRY: Final = 0xF0
MOST_DATAGRAM: Final = 65_000
_tokens: Final = count()


async def _honest_web(connection: Connection) -> None:
    if await connection.receive():
        await connection.send(REPLY)


def _identities(packet: bytes) -> tuple[bytes, bytes]:
    """Destination and source connection id of a long header, both possibly empty."""
    length = packet[5] if len(packet) > 6 else 0
    destination, rest = packet[6 : 6 + length], packet[6 + length :]
    return destination, rest[1 : 1 + rest[0]] if rest else b""


def _negotiation(packet: bytes, versions: bytes) -> bytes:
    destination, source = _identities(packet)
    return b"\x80" + bytes(4) + wire.vector(1, source) + wire.vector(1, destination) + versions


def _is_a_probe(packet: bytes) -> bool:
    """Whether the client asked for a version that no server speaks (RFC 9000, section 15)."""
    return packet[1:5] != VERSION_1.to_bytes(4, "big")


def _many_versions(packet: bytes, send: SendTo) -> None:
    """16,000 versions, the maximum that fits into a datagram."""
    listed = b"".join((at + 2).to_bytes(4, "big") for at in range(16_000))
    send(_negotiation(packet, listed))


def _negotiates_forever(packet: bytes, send: SendTo) -> None:
    for _ in range(2_000):
        send(_negotiation(packet, os.urandom(400)))


def _long(packet: bytes, first: int, payload: bytes) -> bytes:
    destination, source = _identities(packet)
    head = bytes([first]) + VERSION_1.to_bytes(4, "big")
    return head + wire.vector(1, source) + wire.vector(1, destination) + payload


def _retries(packet: bytes, send: SendTo) -> None:
    """A Retry for each Initial, with another token; its tag is invalid (section 17.2.5)."""
    if _is_a_probe(packet):
        send(_negotiation(packet, VERSION_1.to_bytes(4, "big")))
        return
    for _ in range(200):
        send(_long(packet, RETRY, str(next(_tokens)).encode() * 100 + bytes(16)))


def _amplifies(packet: bytes, send: SendTo) -> None:
    """13 MB for each datagram, in the largest possible ones."""
    send(_negotiation(packet, VERSION_1.to_bytes(4, "big")))
    large = _long(packet, LONG_HEADER, os.urandom(MOST_DATAGRAM))
    for _ in range(200):
        send(large)


def _floods(packet: bytes, send: SendTo) -> None:
    send(_negotiation(packet, VERSION_1.to_bytes(4, "big")))
    for at in range(5_000):
        send(os.urandom(1 + at % 100))


def _initials(packet: bytes, send: SendTo) -> None:
    """Initial packets with the right ids that cannot be decrypted, many in each datagram."""
    if _is_a_probe(packet):
        send(_negotiation(packet, VERSION_1.to_bytes(4, "big")))
        return
    one = _long(packet, LONG_HEADER, b"\0\x40\x30" + os.urandom(48))
    for _ in range(300):
        send(one * (1_200 // len(one)))


def _empty(packet: bytes, send: SendTo) -> None:
    for _ in range(1_000):
        send(b"")
        send(_negotiation(packet, b""))


def _row(name: str, attack: str, answer: Packets) -> Mode:
    return Mode(
        name=f"quic-{name}",
        attack=attack,
        start=with_packets(stream(_honest_web, tls_context), answer),
        is_web=True,
        parts=_PARTS,
    )


MODES: Final = (
    _row("versions", "A list of 16,000 versions.", _many_versions),
    _row("versions-for-ever", "2,000 lists of versions for each datagram.", _negotiates_forever),
    _row("retries", "200 Retry packets to each Initial.", _retries),
    _row("amplification", "13 MB for each datagram.", _amplifies),
    _row("flood", "5,000 small datagrams for each one.", _floods),
    _row("initials", "Initial packets that cannot be decrypted, for ever.", _initials),
    _row("empty", "Empty datagrams and empty lists of versions.", _empty),
)
