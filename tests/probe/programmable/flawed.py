"""Servers with one known flaw each, and the same servers with the flaw fixed.

They read the client's messages after their flight, byte by byte, and react as the flawed stacks did.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import is_sslv2_hello, read_client_hello
from tests.probe.programmable.server import Behaviour, Connection

CHANGE_CIPHER_SPEC, HEARTBEAT, CLIENT_KEY_EXCHANGE = 20, 24, 16
UNEXPECTED_MESSAGE, BAD_RECORD_MAC, DECRYPTION_FAILED = 10, 20, 21
RSA_SUITE = 0x002F
SECRET = b"\x42"
"""The content that a heartbeat leaks here."""


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    """One key for all servers; it protects nothing."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def rsa_certificate() -> bytes:
    """A DER certificate of that key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zoo.test")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(rsa_key(), hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One record from the client."""

    kind: int
    fragment: bytes


def records_of(stream: bytes) -> Iterator[Heard]:
    """The complete records in ``stream``."""
    at = 0
    while at + 5 <= len(stream):
        end = at + 5 + int.from_bytes(stream[at + 3 : at + 5], "big")
        if end > len(stream):
            return
        yield Heard(kind=stream[at], fragment=stream[at + 5 : end])
        at = end


React = Callable[[Connection, list[Heard]], bytes | None]
"""The reaction to the records so far: None waits for more, empty bytes close."""


def rsa_server(react: React, *, extensions: tuple[tuple[int, bytes], ...] = ()) -> Behaviour:
    """TLS 1.2 with one suite of RSA key exchange; ``extensions`` for clients that offer theirs."""

    async def behave(connection: Connection) -> None:
        stream = b""
        while not (records := list(records_of(stream))):
            received = await connection.receive()
            stream += received
            if not received or is_sslv2_hello(stream):
                return
        hello = read_client_hello(stream)
        assert hello is not None
        offered = hello.extensions
        if RSA_SUITE not in hello.cipher_suites or wire.TLSV1_2 not in hello.versions:
            await connection.send(wire.alert(wire.FATAL, wire.PROTOCOL_VERSION))
            return
        mine = [(kind, body) for kind, body in extensions if kind in offered]
        flight = (
            wire.server_hello(wire.TLSV1_2, RSA_SUITE, extensions=mine)
            + wire.certificate(rsa_certificate())
            + wire.server_hello_done()
        )
        await connection.send(wire.records(wire.TLSV1_2, flight))
        stream = b""
        while received := await connection.receive():
            stream += received
            records = list(records_of(stream))
            answer = react(connection, records)
            if answer is not None:
                if answer:
                    await connection.send(answer)
                return

    return behave


def fatal(description: int) -> bytes:
    """A fatal alert."""
    return wire.alert(wire.FATAL, description)


def heartbeat(*, is_mended: bool) -> React:
    """OpenSSL 1.0.1 up to f copies as many bytes as the request claims; g drops the request."""

    def react(_: Connection, heard: list[Heard]) -> bytes | None:
        if heard and heard[0].kind == CHANGE_CIPHER_SPEC:
            return fatal(UNEXPECTED_MESSAGE)
        for one in heard:
            if one.kind == HEARTBEAT and not is_mended:
                claimed = int.from_bytes(one.fragment[1:3], "big")
                body = b"\x02" + one.fragment[1:3] + claimed * SECRET + bytes(16)
                return wire.record(HEARTBEAT, wire.TLSV1_2, body)
        return b"" if any(one.kind == wire.ALERT for one in heard) else None

    return react


def early_change_cipher_spec(*, is_mended: bool) -> React:
    """OpenSSL before 1.0.1h accepts the first, and fails to decrypt the second."""

    def react(_: Connection, heard: list[Heard]) -> bytes | None:
        early = [one for one in heard if one.kind == CHANGE_CIPHER_SPEC]
        if early and is_mended:
            return fatal(UNEXPECTED_MESSAGE)
        return fatal(BAD_RECORD_MAC) if len(early) > 1 else None

    return react


def decrypted(fragment: bytes) -> bytes:
    """The block in a ClientKeyExchange, decrypted by plain RSA."""
    numbers = rsa_key().private_numbers()
    encrypted = int.from_bytes(fragment[6:], "big")
    # RFC 8017, section 5.1.2: by the primes, which takes a third of the time.
    by_p, by_q = pow(encrypted, numbers.dmp1, numbers.p), pow(encrypted, numbers.dmq1, numbers.q)
    block = by_q + numbers.q * ((by_p - by_q) * numbers.iqmp % numbers.p)
    return block.to_bytes(rsa_key().key_size // 8, "big")


def has_right_head(block: bytes) -> bool:
    return block.startswith(b"\x00\x02")


def is_well_formed(block: bytes) -> bool:
    """The form of PKCS#1 1.5 and TLS 1.2: a secret of 48 bytes that begins with the version."""
    return has_right_head(block) and block[-49] == 0 and block[-48:-46] == b"\x03\x03"


def key_exchange(
    *, other_than_usual: Callable[[bytes], int | None], needs_finished: bool = True
) -> React:
    """Another alert for blocks for which ``other_than_usual`` returns one.

    If ``needs_finished`` is false, the reaction is immediate, and a complete exchange always gets the same
    alert.
    """

    def react(_: Connection, heard: list[Heard]) -> bytes | None:
        kinds = [one.kind for one in heard]
        if kinds[:1] == [CHANGE_CIPHER_SPEC]:
            return fatal(UNEXPECTED_MESSAGE)
        is_whole = kinds.count(wire.HANDSHAKE) > 1
        is_goodbye = wire.ALERT in kinds
        if not (is_whole or is_goodbye):
            return None
        other = other_than_usual(decrypted(heard[0].fragment))
        if is_whole:
            return fatal(other if other is not None and needs_finished else BAD_RECORD_MAC)
        return fatal(other) if other is not None and not needs_finished else b""

    return react


def by_turns(*alerts: int) -> Callable[[bytes], int | None]:
    """Noise: the alerts in turn, whatever the block."""
    turns = count()
    return lambda _: alerts[next(turns) % len(alerts)]
