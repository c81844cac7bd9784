"""Hostile servers over datagrams (RFC 6347, section 4)."""

from __future__ import annotations

import functools
import os
from itertools import count
from typing import Final

from model.application_protocol import DTLS
from tests.hostile import crafted
from tests.hostile.mode import LONG_SECONDS, Mode, Packets, SendTo, packets
from tests.hostile.tls12 import RSA_SUITES, usual_flight
from tests.probe.programmable import wire

DTLS1_0, DTLS1_2 = 0xFEFF, 0xFEFD
HELLO_VERIFY_REQUEST, SERVER_HELLO = 3, 2
MOST_DATAGRAM: Final = 65_000
_sequence: Final = count()


def _record(kind: int, fragment: bytes, *, epoch: int = 0) -> bytes:
    number = next(_sequence) % 2**48
    header = bytes([kind]) + wire.uint16(DTLS1_2) + wire.uint16(epoch)
    return header + number.to_bytes(6, "big") + wire.vector(2, fragment)


def _fragment(
    message: bytes, *, sequence: int, offset: int, length: int, claimed: int | None = None
) -> bytes:
    """One fragment of a TLS handshake message, which may claim another length."""
    whole = len(message) - 4 if claimed is None else claimed
    header = message[:1] + whole.to_bytes(3, "big") + wire.uint16(sequence)
    body = message[4 + offset : 4 + offset + length]
    return header + offset.to_bytes(3, "big") + wire.vector(3, body)


def _flight() -> list[bytes]:
    """An honest flight of DTLS 1.2, from the same messages as in TLS."""
    hello, *rest = usual_flight(RSA_SUITES[0])
    return [hello[:4] + wire.uint16(DTLS1_2) + hello[6:], *rest]


def _whole(message: bytes, sequence: int) -> bytes:
    return _fragment(message, sequence=sequence, offset=0, length=len(message))


def _handshake(fragment: bytes) -> bytes:
    return _record(wire.HANDSHAKE, fragment)


def _gaps(_: bytes, send: SendTo) -> None:
    """Every other byte of each message, and never the bytes between."""
    for sequence, message in enumerate(_flight()):
        spots = range(0, len(message) - 4, 2)
        for offset in spots:
            send(_handshake(_fragment(message, sequence=sequence, offset=offset, length=1)))


def _gaps_in_a_giant(_: bytes, send: SendTo) -> None:
    """A message that claims 16 MB, and single bytes from all over it."""
    message = b"\x0b" + bytes(3 + 2)
    for at in range(2_000):
        spot = (at * 7_919) % (2**24 - 1)
        header = b"\x0b\xff\xff\xff\x00\x01" + spot.to_bytes(3, "big") + wire.vector(3, b"a")
        send(_handshake(header if at else _whole(_flight()[0], 0)) + _handshake(message))


def _overlapping(_: bytes, send: SendTo) -> None:
    """Overlapping fragments with different bytes each time."""
    for sequence, message in enumerate(_flight()):
        for offset in range(0, max(1, len(message) - 8), 3):
            changed = message[:4] + os.urandom(len(message) - 4)
            fragment = _fragment(changed, sequence=sequence, offset=offset, length=60)
            send(_handshake(fragment))


def _verify_forever(_: bytes, send: SendTo) -> None:
    """Another cookie for each hello."""
    body = wire.uint16(DTLS1_0) + wire.vector(1, os.urandom(255))
    send(_handshake(_whole(wire.handshake(HELLO_VERIFY_REQUEST, body), 0)))


def _verify_flood(hello: bytes, send: SendTo) -> None:
    for _ in range(500):
        _verify_forever(hello, send)


def _flood(_: bytes, send: SendTo) -> None:
    """3,000 datagrams of alerts, empty records and garbage for each received one."""
    for at in range(1_000):
        send(_record(wire.ALERT, bytes([wire.WARNING, 90])))
        send(_handshake(b""))
        send(os.urandom(1 + at))


def _tiny_records(_: bytes, send: SendTo) -> None:
    """Thousands of records in each datagram."""
    one = _handshake(b"")
    send(one * (MOST_DATAGRAM // len(one)))


def _next_epoch(_: bytes, send: SendTo) -> None:
    """Full datagrams with records of later epochs, which nothing can decrypt."""
    for epoch in range(1, 500):
        send(_record(wire.HANDSHAKE, os.urandom(16_000), epoch=epoch))


@functools.cache
def _messages_backwards() -> tuple[bytes, ...]:
    return tuple(
        b"".join(
            _handshake(_whole(wire.handshake(11, b"abc"), at))
            for at in range(sequence, max(0, sequence - 40), -1)
        )
        for sequence in range(65_535, 0, -40)
    )


def _many_messages(_: bytes, send: SendTo) -> None:
    """Messages with all 65,536 numbers, the last ones first."""
    for packet in _messages_backwards():
        send(packet)


@functools.cache
def _certificate_backwards() -> tuple[bytes, ...]:
    message = wire.certificate(crafted.with_names(3_000, "n{:07}.zoo.test"))
    return tuple(
        b"".join(
            _handshake(_fragment(message, sequence=1, offset=at, length=1))
            for at in range(last - 1, max(-1, last - 501), -1)
        )
        for last in range(len(message) - 4, 0, -500)
    )


def _one_byte_fragments(_: bytes, send: SendTo) -> None:
    """A certificate of 60 kB in fragments of one byte, from its end to its start."""
    send(_handshake(_whole(_flight()[0], 0)))
    for packet in _certificate_backwards():
        send(packet)


def _row(name: str, attack: str, answer: Packets, deadline_seconds: float = 2.5) -> Mode:
    return Mode(
        name=f"dtls-{name}",
        attack=attack,
        start=packets(answer),
        protocol=DTLS,
        deadline_seconds=deadline_seconds,
    )


MODES: Final = (
    _row("gaps", "Fragments of one byte with gaps of one byte.", _gaps),
    _row("gaps-giant", "A message of 16 MB of which single bytes come.", _gaps_in_a_giant),
    _row("overlapping", "Fragments that overlap and differ.", _overlapping),
    _row("verify", "A HelloVerifyRequest with another cookie to each hello.", _verify_forever),
    _row("verify-flood", "500 HelloVerifyRequests to each hello.", _verify_flood),
    _row("flood", "3,000 datagrams for each of ours.", _flood),
    _row("tiny-records", "5,000 empty records in each datagram.", _tiny_records),
    _row("epochs", "8 MB of records that cannot be read.", _next_epoch),
    _row("messages", "65,535 messages, the last one first.", _many_messages),
    _row(
        "one-byte-fragments",
        "A certificate of 60 kB in fragments of one byte.",
        _one_byte_fragments,
        LONG_SECONDS,
    ),
)
