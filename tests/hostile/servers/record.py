"""Hostile servers at the record layer (RFC 8446, section 5; RFC 5246, section 6.2)."""

from __future__ import annotations

import asyncio
import random
from itertools import chain, count, islice
from typing import Final

from tests.hostile.mode import Mode, drip, endless, send_all, stream
from tests.hostile.self_signed import tls_context
from tests.hostile.tls12 import ECDHE_SUITES, hello_of, in_records, tls12, usual_flight
from tests.hostile.tls13 import ENCRYPTED_EXTENSIONS, Half, certificate13, tls13
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.server import Connection

CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT = 20, 23, 24
USER_CANCELED = 90
LONG_CHAIN: Final = 3


async def _one_byte_records(connection: Connection, _: ClientHello, suite: int) -> None:
    block = b"".join(usual_flight(suite, chain=(wire.self_signed_certificate(),) * 60))
    await connection.send(wire.records(wire.TLSV1_2, block, fragment_bytes=1))


async def _one_byte_encrypted_records(half: Half) -> None:
    certificates = certificate13(*(wire.self_signed_certificate(),) * 30)
    await half.say(ENCRYPTED_EXTENSIONS, certificates, piece=1)


async def _one_byte_data_records(connection: Connection) -> None:
    await connection.receive()
    for _ in range(20_000):
        connection.writer.write(b"a")
    await connection.writer.drain()
    await connection.until_closed()


async def _empty_records(connection: Connection) -> None:
    await hello_of(connection)
    await send_all(connection, endless(wire.record(wire.HANDSHAKE, wire.TLSV1_2, b"")))


async def _empty_encrypted_records(half: Half) -> None:
    pieces = (half.sealer.seal(APPLICATION_DATA, b"") for _ in count())
    await send_all(half.connection, pieces)


async def _warnings(connection: Connection) -> None:
    await hello_of(connection)
    await send_all(connection, endless(wire.alert(wire.WARNING, USER_CANCELED)))


async def _warnings_between_bytes(connection: Connection, _: ClientHello, suite: int) -> None:
    warning = wire.alert(wire.WARNING, wire.UNRECOGNIZED_NAME)
    block = b"".join(usual_flight(suite))
    pieces = (warning + wire.record(wire.HANDSHAKE, wire.TLSV1_2, bytes([byte])) for byte in block)
    await connection.send(b"".join(pieces))


async def _change_cipher_specs(half: Half) -> None:
    one = wire.record(CHANGE_CIPHER_SPEC, wire.TLSV1_2, b"\x01")
    await send_all(half.connection, endless(one))


async def _giant_length(connection: Connection) -> None:
    await hello_of(connection)
    header = bytes([wire.HANDSHAKE, 3, 3, 0xFF, 0xFF])
    await send_all(connection, chain([header], endless(bytes(65_535))))


async def _garbage(connection: Connection) -> None:
    dice = random.Random(connection.number)
    await hello_of(connection)
    await send_all(connection, (dice.randbytes(16_384) for _ in count()))


async def _dripping(connection: Connection, _: ClientHello, suite: int) -> None:
    await drip(connection, in_records(*usual_flight(suite)), seconds=0.05)


async def _application_data(connection: Connection) -> None:
    await hello_of(connection)
    await send_all(connection, endless(wire.record(APPLICATION_DATA, wire.TLSV1_2, bytes(16_384))))


async def _heartbeats(connection: Connection, _: ClientHello, suite: int) -> None:
    request = wire.record(HEARTBEAT, wire.TLSV1_2, b"\x01" + wire.vector(2, b"?") + bytes(16))
    await send_all(connection, chain([in_records(*usual_flight(suite))], endless(request)))


async def _mixed_kinds(connection: Connection) -> None:
    await hello_of(connection)
    kinds = (wire.HANDSHAKE, wire.ALERT, CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT)
    one = b"".join(wire.record(kind, wire.TLSV1_2, b"\x01") for kind in kinds)
    await send_all(connection, endless(one))


async def _ssl2_giant(connection: Connection) -> None:
    """SSL 2.0's SERVER-HELLO that claims certificate and suites of 65,535 bytes each, without end."""
    await connection.receive()
    hello = bytes.fromhex("ffff04000100ffffffffffffffff")
    await send_all(connection, chain([hello], endless(b"\xff\xff" + bytes(32_767))))


async def _keeps_the_connection_open(connection: Connection, _: ClientHello, suite: int) -> None:
    """A flight that stops in the middle of its last record; the connection stays open."""
    await connection.send(in_records(*usual_flight(suite))[:-1])


async def _resets_late(connection: Connection, _: ClientHello, suite: int) -> None:
    for piece in islice(endless(in_records(*usual_flight(suite))), LONG_CHAIN):
        await connection.send(piece)
    await asyncio.sleep(0.3)
    connection.reset()


MODES: Final = (
    Mode(
        name="record-one-byte",
        attack="A flight of TLS 1.2 with 60 certificates, one byte in each record.",
        start=stream(tls12(_one_byte_records, suites=ECDHE_SUITES)),
    ),
    Mode(
        name="record-one-byte-encrypted",
        attack="An encrypted flight of TLS 1.3, one byte in each record.",
        start=stream(tls13(_one_byte_encrypted_records)),
    ),
    Mode(
        name="record-one-byte-data",
        attack="After a handshake, 20,000 records of one byte answer each request.",
        start=stream(_one_byte_data_records, tls_context),
        is_web=True,
    ),
    Mode(
        name="record-empty",
        attack="Empty handshake records for ever.",
        start=stream(_empty_records),
    ),
    Mode(
        name="record-empty-encrypted",
        attack="Empty encrypted records for ever after the ServerHello.",
        start=stream(tls13(_empty_encrypted_records)),
    ),
    Mode(
        name="record-warnings",
        attack="Warning alerts for ever.",
        start=stream(_warnings),
    ),
    Mode(
        name="record-warnings-between-bytes",
        attack="A flight in records of one byte, a warning before each of them.",
        start=stream(tls12(_warnings_between_bytes)),
    ),
    Mode(
        name="record-change-cipher-specs",
        attack="ChangeCipherSpec records for ever after a ServerHello of TLS 1.3.",
        start=stream(tls13(_change_cipher_specs)),
    ),
    Mode(
        name="record-giant-length",
        attack="A record header of 65,535 bytes, and bytes for ever.",
        start=stream(_giant_length),
    ),
    Mode(name="record-garbage", attack="Random bytes for ever.", start=stream(_garbage)),
    Mode(
        name="record-drip",
        attack="A right flight, one byte every twentieth of a second.",
        start=stream(tls12(_dripping)),
    ),
    Mode(
        name="record-application-data",
        attack="Well-formed application data for ever before any handshake.",
        start=stream(_application_data),
    ),
    Mode(
        name="record-heartbeats",
        attack="A right flight, and heartbeat requests for ever.",
        start=stream(tls12(_heartbeats)),
    ),
    Mode(
        name="record-mixed-kinds",
        attack="Records of all kinds by turns, for ever.",
        start=stream(_mixed_kinds),
    ),
    Mode(
        name="record-ssl2-giant",
        attack="A hello of SSL 2.0 that claims more than fits, and bytes for ever.",
        start=stream(_ssl2_giant),
    ),
    Mode(
        name="record-held-open",
        attack="A flight without its last byte, on a connection that stays open.",
        start=stream(tls12(_keeps_the_connection_open)),
    ),
    Mode(
        name="record-late-reset",
        attack="Three flights, and a reset a while later.",
        start=stream(tls12(_resets_late)),
    ),
)
