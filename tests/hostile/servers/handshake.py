"""Hostile servers at the handshake layer (RFC 5246, section 7.4; RFC 8446, section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain
from typing import Final

from tests.hostile import der
from tests.hostile.mode import Mode, drip, endless, send_all, stream
from tests.hostile.tls12 import (
    ECDHE_SUITES,
    Answer,
    hello_of,
    in_records,
    tls12,
    usual_flight,
)
from tests.hostile.tls13 import (
    ENCRYPTED_EXTENSIONS,
    SUITE,
    Half,
    certificate13,
    ticket,
    tls13,
)
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.server import Connection

HELLO_REQUEST, END_OF_EARLY_DATA, KEY_UPDATE, CERTIFICATE_STATUS = 0, 5, 24, 22
CERTIFICATE_AUTHORITIES: Final = 47
MOST_MESSAGE: Final = 2**24 - 1
RESPONSE: Final = wire.vector(3, bytes(900))


def _repeats(at: int, times: int) -> Answer:
    """An honest flight, except that one message is repeated ``times`` times."""

    async def answer(connection: Connection, _: ClientHello, suite: int) -> None:
        flight = usual_flight(suite)
        await connection.send(in_records(*flight[:at], flight[at] * times, *flight[at + 1 :]))

    return answer


def _forever(message: bytes, *, after: int) -> Answer:
    """The first ``after`` messages of an honest flight, then ``message`` without end."""

    async def answer(connection: Connection, _: ClientHello, suite: int) -> None:
        begin = in_records(*usual_flight(suite)[:after])
        await send_all(connection, chain([begin], endless(in_records(message))))

    return answer


async def _out_of_order(connection: Connection, _: ClientHello, suite: int) -> None:
    await connection.send(in_records(*reversed(usual_flight(suite))))


async def _hello_twice(connection: Connection, _: ClientHello, suite: int) -> None:
    first, *rest = usual_flight(suite)
    second = wire.server_hello(wire.TLSV1_1, ECDHE_SUITES[-1], random=bytes(32), extensions=[])
    await connection.send(in_records(first, second, *rest, second))


async def _retries(connection: Connection) -> None:
    """A HelloRetryRequest for every hello, for another group each time."""
    while hello := await hello_of(connection):
        for group in (wire.X25519, wire.SECP256R1):
            retry = wire.hello_retry_request(SUITE, group, session_id=hello.session_id)
            await connection.send(wire.record(wire.HANDSHAKE, wire.TLSV1_2, retry))


async def _retry_flood(connection: Connection) -> None:
    hello = await hello_of(connection)
    if hello is not None:
        retry = wire.hello_retry_request(SUITE, wire.SECP256R1, session_id=hello.session_id)
        await send_all(connection, endless(wire.record(wire.HANDSHAKE, wire.TLSV1_2, retry)))


async def _huge_cookie(connection: Connection) -> None:
    while hello := await hello_of(connection):
        extensions = [(43, wire.uint16(wire.TLSV1_3)), (44, wire.vector(2, bytes(65_000)))]
        retry = wire.server_hello(
            wire.TLSV1_2,
            SUITE,
            random=wire.HELLO_RETRY_REQUEST_RANDOM,
            session_id=hello.session_id,
            extensions=extensions,
        )
        await connection.send(in_records(retry))


async def _many_extensions(connection: Connection, _: ClientHello, suite: int) -> None:
    rest = usual_flight(suite)[1:]
    many = [(kind, b"") for kind in range(16_000)]
    await connection.send(
        in_records(wire.server_hello(wire.TLSV1_2, suite, extensions=many), *rest)
    )


def _authorities(length: int) -> bytes:
    """Distinguished names of a few bytes each, ``length`` bytes in total."""
    one = wire.vector(2, der.sequence())
    return one * (length // len(one))


def _request(authorities: bytes) -> bytes:
    schemes = wire.vector(2, wire.uint16(wire.ECDSA_SHA256))
    return wire.handshake(13, wire.vector(1, b"\x01\x40") + schemes + wire.vector(2, authorities))


async def _many_authorities(connection: Connection, _: ClientHello, suite: int) -> None:
    *rest, done = usual_flight(suite)
    await connection.send(in_records(*rest, _request(_authorities(65_532)), done))


async def _many_authorities13(half: Half) -> None:
    listed = wire.vector(2, wire.vector(2, _authorities(65_500)))
    schemes = wire.uint16(13) + wire.vector(2, wire.vector(2, wire.uint16(wire.ECDSA_SHA256)))
    block = schemes + wire.uint16(CERTIFICATE_AUTHORITIES) + listed
    await half.say(ENCRYPTED_EXTENSIONS, wire.handshake(13, b"\0" + wire.vector(2, block)))
    await half.say(certificate13(wire.self_signed_certificate()))


async def _never_ends(connection: Connection, _: ClientHello, suite: int) -> None:
    kinds = b"".join(wire.handshake(kind, bytes(100)) for kind in range(30, 250))
    begin = in_records(usual_flight(suite)[0])
    await send_all(connection, chain([begin], endless(in_records(kinds))))


async def _giant_message(connection: Connection, _: ClientHello, suite: int) -> None:
    """A Certificate of 16 MiB, sent one record at a time."""
    header = b"\x0b" + MOST_MESSAGE.to_bytes(3, "big")
    begin = in_records(usual_flight(suite)[0], header)
    await send_all(connection, chain([begin], endless(in_records(bytes(16_384)))))


async def _slow_messages(connection: Connection, _: ClientHello, suite: int) -> None:
    await drip(connection, in_records(*usual_flight(suite), HELLO * 500), seconds=0.3)


async def _encrypted_forever(half: Half) -> None:
    await half.say(ENCRYPTED_EXTENSIONS)
    await send_all(half.connection, _sealed(half, certificate13(wire.self_signed_certificate())))


def _sealed(half: Half, message: bytes) -> Iterator[bytes]:
    """``message`` in encrypted records without end."""
    portion = message * max(1, 16_384 // len(message))
    while True:
        yield half.sealer.seal(wire.HANDSHAKE, portion)


async def _encrypted_extensions_twice(half: Half) -> None:
    await half.say(ENCRYPTED_EXTENSIONS * 50_000)


async def _tickets(half: Half) -> None:
    await half.finish()
    await send_all(half.connection, _sealed(half, ticket()))


async def _key_updates(half: Half) -> None:
    """Each message requests an update from the client (RFC 8446, section 4.6.3)."""
    await half.finish()
    await send_all(half.connection, _sealed(half, wire.handshake(KEY_UPDATE, b"\x01")))


async def _requests_after_the_handshake(half: Half) -> None:
    await half.finish()
    request = wire.handshake(13, wire.vector(1, b"\1") + wire.vector(2, b""))
    await send_all(half.connection, _sealed(half, request))


async def _silent_after_hello(half: Half) -> None:
    await asyncio.sleep(0.5)
    await half.say(ENCRYPTED_EXTENSIONS)


HELLO: Final = wire.handshake(HELLO_REQUEST, b"")

MODES: Final = (
    Mode(
        name="handshake-certificates-800",
        attack="The Certificate message comes 800 times in one flight.",
        start=stream(tls12(_repeats(1, 800))),
    ),
    Mode(
        name="handshake-server-hello-repeated",
        attack="The ServerHello comes 2,000 times in one flight.",
        start=stream(tls12(_repeats(0, 2_000))),
    ),
    Mode(
        name="handshake-hello-twice",
        attack="A second ServerHello with another version and suite in the middle, and at the end.",
        start=stream(tls12(_hello_twice)),
    ),
    Mode(
        name="handshake-out-of-order",
        attack="A right flight from its end to its start.",
        start=stream(tls12(_out_of_order, suites=ECDHE_SUITES)),
    ),
    Mode(
        name="handshake-retries",
        attack="A HelloRetryRequest to every hello, for another group each time.",
        start=stream(_retries),
    ),
    Mode(
        name="handshake-retry-flood",
        attack="HelloRetryRequests for ever in answer to one hello.",
        start=stream(_retry_flood),
    ),
    Mode(
        name="handshake-huge-cookie",
        attack="A HelloRetryRequest with a cookie of 65,000 bytes.",
        start=stream(_huge_cookie),
    ),
    Mode(
        name="handshake-many-extensions",
        attack="A ServerHello with 16,000 extensions.",
        start=stream(tls12(_many_extensions)),
    ),
    Mode(
        name="handshake-requests",
        attack="CertificateRequests for ever.",
        start=stream(tls12(_forever(_request(b""), after=2))),
    ),
    Mode(
        name="handshake-many-authorities",
        attack="A CertificateRequest with 16,000 empty names of authorities.",
        start=stream(tls12(_many_authorities)),
    ),
    Mode(
        name="handshake-many-authorities-encrypted",
        attack="A CertificateRequest of TLS 1.3 with 16,000 empty names of authorities.",
        start=stream(tls13(_many_authorities13)),
    ),
    Mode(
        name="handshake-hello-requests",
        attack="HelloRequests for ever after a right flight.",
        start=stream(tls12(_forever(HELLO, after=3))),
    ),
    Mode(
        name="handshake-stapled-for-ever",
        attack="CertificateStatus messages for ever.",
        start=stream(
            tls12(_forever(wire.handshake(CERTIFICATE_STATUS, b"\1" + RESPONSE), after=2))
        ),
    ),
    Mode(
        name="handshake-never-ends",
        attack="Messages of 220 unknown types for ever.",
        start=stream(tls12(_never_ends)),
    ),
    Mode(
        name="handshake-giant-message",
        attack="A Certificate message of 16 MiB.",
        start=stream(tls12(_giant_message)),
    ),
    Mode(
        name="handshake-slow",
        attack="A flight with one byte in 0.3 seconds, and 500 HelloRequests after it.",
        start=stream(tls12(_slow_messages)),
    ),
    Mode(
        name="handshake-encrypted-for-ever",
        attack="Encrypted Certificate messages for ever.",
        start=stream(tls13(_encrypted_forever)),
    ),
    Mode(
        name="handshake-encrypted-extensions-repeated",
        attack="EncryptedExtensions 50,000 times.",
        start=stream(tls13(_encrypted_extensions_twice)),
    ),
    Mode(
        name="handshake-tickets",
        attack="Session tickets for ever after a finished handshake.",
        start=stream(tls13(_tickets)),
        is_web=True,
    ),
    Mode(
        name="handshake-key-updates",
        attack="Key updates for ever, each of which asks for one of the client's.",
        start=stream(tls13(_key_updates)),
        is_web=True,
    ),
    Mode(
        name="handshake-late-requests",
        attack="CertificateRequests for ever after a finished handshake.",
        start=stream(tls13(_requests_after_the_handshake)),
        is_web=True,
    ),
    Mode(
        name="handshake-stops-after-hello",
        attack="EncryptedExtensions after half a second, and then silence.",
        start=stream(tls13(_silent_after_hello)),
    ),
)
