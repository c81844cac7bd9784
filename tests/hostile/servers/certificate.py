"""Hostile servers whose certificates, keys and staples are the attack (RFC 5280, RFC 8879)."""

from __future__ import annotations

import functools
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Final

from tests.hostile import crafted, der
from tests.hostile.mode import LONG_SECONDS, Mode, Ports, Start, endless, send_all, stream
from tests.hostile.tls12 import (
    DHE_SUITES,
    Chain,
    in_records,
    shows,
    tls12,
    usual_flight,
)
from tests.hostile.tls13 import ENCRYPTED_EXTENSIONS, Half, certificate13, tls13
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.server import Behaviour, Connection

COMPRESSED_CERTIFICATE, ZLIB = 25, 1
STATUS_REQUEST, TIMESTAMPS = 5, 18
HALVES: Final = tuple(
    (1 << 4094) + offset for offset in (2533, 9769, 11263, 18037, 19375, 21463, 29503)
)
"""Primes of 4,095 bits."""

ALMOST_SAFE: Final = tuple(2 * half + 1 for half in HALVES)
"""Fields of 4,096 bits that no registry has. To find out whether such a prime is safe takes a full primality
test of its half, which is prime."""


def _one(make: Callable[[], bytes]) -> Chain:
    """A chain of one certificate, created once."""
    return functools.cache(lambda: (make(),))


def _known(chain: Callable[[], tuple[bytes, ...]]) -> Behaviour:
    """Flights of TLS 1.2 with a chain that is created once."""
    return shows(functools.cache(chain))


def _alone(make: Callable[[], bytes]) -> Behaviour:
    return shows(_one(make))


def _field(primes: Callable[[], int]) -> Behaviour:
    """ServerKeyExchanges over finite fields, with a new prime for each connection."""

    async def answer(connection: Connection, _: ClientHello, suite: int) -> None:
        prime = primes()
        size = (prime.bit_length() + 7) // 8
        parameters = wire.field_parameters(prime.to_bytes(size, "big"), (2).to_bytes(size, "big"))
        hello, certificate, done = usual_flight(suite)
        exchange = wire.signed(wire.TLSV1_2, parameters, 0x0401)
        await connection.send(in_records(hello, certificate, exchange, done))

    return tls12(answer, suites=DHE_SUITES)


@functools.cache
def _bomb(length: int) -> bytes:
    """A CompressedCertificate of zeros that expands to ``length`` bytes (RFC 8879, section 4)."""
    entries = bytes(length // 5 * 5)
    body = wire.vector(1, b"") + wire.vector(3, entries)
    content = wire.uint16(ZLIB) + len(body).to_bytes(3, "big")
    return wire.handshake(
        COMPRESSED_CERTIFICATE, content + wire.vector(3, zlib.compress(body, level=9))
    )


def _bombs(length: int, times: int) -> Behaviour:
    async def answer(half: Half) -> None:
        await half.say(ENCRYPTED_EXTENSIONS, _bomb(length) * times)

    return tls13(answer)


def _lying_bomb() -> Behaviour:
    """It expands to 16 MB and claims to have ten bytes."""
    packed = zlib.compress(bytes(16_000_000), level=9)
    content = wire.uint16(ZLIB) + (10).to_bytes(3, "big") + wire.vector(3, packed)

    async def answer(half: Half) -> None:
        await half.say(ENCRYPTED_EXTENSIONS, wire.handshake(COMPRESSED_CERTIFICATE, content))

    return tls13(answer)


def _stapled(status: Callable[[], bytes]) -> Behaviour:
    """A CertificateStatus of TLS 1.2 (RFC 6066, section 8)."""

    async def answer(connection: Connection, _: ClientHello, suite: int) -> None:
        certificate, *rest = usual_flight(suite)[1:]
        hello = wire.server_hello(wire.TLSV1_2, suite, extensions=[(STATUS_REQUEST, b"")])
        message = wire.handshake(22, b"\x01" + wire.vector(3, status()))
        await connection.send(in_records(hello, certificate, message, *rest))

    return tls12(answer)


@functools.cache
def _many_responses() -> bytes:
    """An OCSP response with 9,000 single responses (RFC 6960, section 4.2.1)."""
    moment = der.tlv(0x18, b"20250101000000Z")
    digest = der.sequence(der.oid("1.3.14.3.2.26"), der.NULL)
    identity = der.sequence(digest, der.octets(bytes(20)), der.octets(bytes(20)), der.integer(1))
    single = der.sequence(identity, der.tlv(0x80, b""), moment)
    data = der.sequence(der.tlv(0xA1, der.name("x")), moment, der.sequence(single * 9_000))
    basic = der.sequence(data, der.SHA256_WITH_RSA, der.bit_string(bytes(256)))
    body = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
    return der.sequence(der.tlv(0x0A, b"\0"), der.tlv(0xA0, body))


def _timestamps13() -> Behaviour:
    """A list of timestamps with the certificate, each of one byte (RFC 6962, section 3.3.1)."""
    listed = wire.vector(2, b"\x00\x01\x00" * 21_800)
    extension = wire.uint16(TIMESTAMPS) + wire.vector(2, listed)

    async def answer(half: Half) -> None:
        shown = certificate13(wire.self_signed_certificate(), extensions=extension)
        await half.say(ENCRYPTED_EXTENSIONS, shown)

    return tls13(answer)


def _thousands() -> tuple[bytes, ...]:
    small = der.certificate(key=der.rsa_key(der.number_of_bits(512), 3), signature=b"\0")
    return (small,) * 4_000


async def _no_certificates(half: Half) -> None:
    await half.say(ENCRYPTED_EXTENSIONS, certificate13(*(b"",) * 200_000))


def _fetched() -> Start:
    """A certificate with 3,000 URLs, all on a web server that answers without end."""

    async def web(connection: Connection) -> None:
        await connection.receive()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await send_all(connection, endless(b"10000\r\n" + bytes(65_536) + b"\r\n"))

    @asynccontextmanager
    async def start(host: str) -> AsyncIterator[Ports]:
        async with stream(web)(host) as places:
            url = f"http://{host}:{places.tls}/"
            behaviour = _alone(lambda: crafted.many_urls(url, 1_000))
            async with stream(behaviour)(host) as ports:
                yield ports

    return start


def _row(name: str, attack: str, behaviour: Behaviour) -> Mode:
    """These attacks take CPU, so their visits have a long deadline."""
    return Mode(
        name=f"certificate-{name}",
        attack=attack,
        start=stream(behaviour),
        deadline_seconds=LONG_SECONDS,
    )


MODES: Final = (
    _row(
        "rsa-65537",
        "A certificate of 17 kB: RSA with 65,537 bits and an exponent as long.",
        _alone(lambda: crafted.rsa(65_537, 65_536)),
    ),
    _row(
        "rsa-16384",
        "RSA with 16,384 bits and an exponent of 16,383 bits.",
        _alone(lambda: crafted.rsa(16_384, 16_383)),
    ),
    _row(
        "rsa-500000",
        "RSA with 500,000 bits and an exponent as long.",
        _alone(lambda: crafted.rsa(500_000, 499_999)),
    ),
    _row(
        "rsa-exponent-one",
        "RSA with the exponent 1.",
        _alone(lambda: crafted.rsa(2_048, 1)),
    ),
    _row(
        "rsa-tiny",
        "RSA with 16 bits, fewer than the padding needs.",
        _alone(lambda: crafted.rsa(16, 5)),
    ),
    _row(
        "dh-16384",
        "A Diffie-Hellman field of 16,384 bits.",
        _field(lambda: der.number_of_bits(16_384)),
    ),
    _row(
        "dh-65536",
        "A Diffie-Hellman field of 500,000 bits, the longest that its length can say.",
        _field(lambda: der.number_of_bits(500_000)),
    ),
    _row(
        "dh-new-primes",
        "Another field of 4,096 bits for each connection, each of which takes a full test of primality.",
        _field(cycle(ALMOST_SAFE).__next__),
    ),
    _row(
        "dsa-16384",
        "A DSA key whose field has 16,384 bits.",
        _alone(lambda: crafted.dsa(16_384)),
    ),
    _row(
        "curve-explicit",
        "A curve by explicit parameters.",
        _alone(lambda: crafted.explicit_curve(256)),
    ),
    _row(
        "curve-explicit-16384",
        "A curve by explicit parameters over a field of 16,384 bits.",
        _alone(lambda: crafted.explicit_curve(16_384)),
    ),
    _row(
        "names-1-mb",
        "1 MB of DNS names in one certificate.",
        _alone(lambda: crafted.with_names(55_000, "n{:07}.zoo.test")),
    ),
    _row(
        "names-homoglyph",
        "30,000 names in letters of other scripts that look like others.",
        _alone(lambda: crafted.with_names(30_000, "xn--80ak6aa{:05}92e.zoo.test")),
    ),
    _row(
        "names-labels",
        "20,000 wildcard names of many labels.",
        _alone(lambda: crafted.with_names(20_000, "*.{}." + "a." * 20 + "test")),
    ),
    _row(
        "attributes-100000",
        "A subject of 100,000 attributes.",
        _alone(lambda: crafted.many_attributes(100_000)),
    ),
    _row(
        "nested-der",
        "An extension of 3,000 sequences, each inside another.",
        _alone(lambda: crafted.deeply_nested(3_000)),
    ),
    _row(
        "cross-signed",
        "32 certificates that sign each other across, with 2 to the power of 15 paths.",
        _known(lambda: crafted.cross_signed(15)),
    ),
    _row(
        "circle",
        "31 certificates of authorities that issue each other in circles.",
        _known(lambda: crafted.in_a_circle(6)),
    ),
    _row(
        "constraints",
        "8,000 names under 8,000 name constraints.",
        _known(lambda: crafted.constrained(8_000, 8_000)),
    ),
    _row(
        "new-1-mb",
        "Another certificate of 1 MB for each connection.",
        shows(lambda: (crafted.new_certificate_of_a_megabyte(),)),
    ),
    _row(
        "new-keys",
        "Another small certificate with another key for each connection.",
        shows(lambda: (crafted.another_key(),)),
    ),
    _row("thousands", "A chain of 4,000 small certificates.", _known(_thousands)),
    Mode(
        name="certificate-urls",
        attack="1,000 URLs each of issuers, OCSP and CRLs, at a server that never stops sending.",
        start=_fetched(),
        deadline_seconds=LONG_SECONDS,
    ),
    _row(
        "serial",
        "A serial number of 200 kB.",
        _alone(lambda: der.certificate(serial=der.number_of_bits(1_600_000))),
    ),
    _row(
        "extensions",
        "70,000 unknown critical extensions.",
        _alone(lambda: crafted.many_extensions(70_000)),
    ),
    _row(
        "policies",
        "80,000 policies.",
        _alone(lambda: crafted.many_policies(80_000)),
    ),
    _row(
        "timestamps",
        "A list of 16,000 signed timestamps of two bytes in a certificate.",
        _alone(lambda: crafted.many_timestamps(16_000)),
    ),
    _row(
        "odd-text",
        "A name of 200 kB that is not UTF-8 and has control characters.",
        _alone(lambda: crafted.odd_text(200_000)),
    ),
    _row(
        "timestamps-encrypted",
        "21,800 signed timestamps of one byte with a certificate of TLS 1.3.",
        _timestamps13(),
    ),
    _row(
        "staple-many-responses",
        "A staple with 9,000 single responses.",
        _stapled(_many_responses),
    ),
    _row(
        "staple-nested",
        "A staple of 20,000 sequences, each inside another without an end.",
        _stapled(lambda: b"\x30\x80" * 20_000),
    ),
    _row(
        "compressed-bomb",
        "A compressed certificate of 16 kB that swells to 16 MB.",
        _bombs(16_000_000, 1),
    ),
    _row(
        "compressed-800",
        "800 compressed certificates of 262,000 bytes in one flight.",
        _bombs(262_000, 800),
    ),
    _row(
        "compressed-lie",
        "A compressed certificate that claims ten bytes and swells to 16 MB.",
        _lying_bomb(),
    ),
    _row(
        "encrypted-empty-entries",
        "A Certificate of TLS 1.3 with 200,000 empty entries.",
        tls13(_no_certificates),
    ),
)
