"""What a server sends, byte by byte from the RFCs' structs, independent of probe's codec.

Records and alerts: RFC 5246, 6.2.1 and 7.2. ServerHello to ServerHelloDone: RFC 5246, 7.4, with
ECDHE as in RFC 8422, 5.4. HelloRetryRequest: RFC 8446, 4.1.4.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ALERT, HANDSHAKE = 21, 22
WARNING, FATAL = 1, 2
CLOSE_NOTIFY, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER = 0, 40, 47
PROTOCOL_VERSION, INTERNAL_ERROR, UNRECOGNIZED_NAME = 70, 80, 112

SSLV3, TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3 = range(0x0300, 0x0305)
SECP256R1, X25519 = 0x0017, 0x001D
HELLO_RETRY_REQUEST_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()
ECDSA_SHA256 = 0x0403


def vector(size: int, block: bytes) -> bytes:
    """``block``, preceded by its length in ``size`` bytes."""
    return len(block).to_bytes(size, "big") + block


def uint16(value: int) -> bytes:
    """``value`` in two bytes."""
    return value.to_bytes(2, "big")


def record(kind: int, version: int, fragment: bytes) -> bytes:
    """struct { ContentType type; ProtocolVersion version; opaque fragment<0..2^14>; }."""
    return bytes([kind]) + uint16(version) + vector(2, fragment)


def alert(level: int, description: int, version: int = TLSV1_2) -> bytes:
    """An alert in its record."""
    return record(ALERT, version, bytes([level, description]))


def handshake(kind: int, body: bytes) -> bytes:
    """struct { HandshakeType msg_type; uint24 length; body }."""
    return bytes([kind]) + vector(3, body)


def server_hello(
    version: int,
    suite: int,
    *,
    random: bytes = b"\x5a" * 32,
    session_id: bytes = b"",
    extensions: Sequence[tuple[int, bytes]] | None = None,
) -> bytes:
    """The message; with ``extensions`` None it has no extensions block, as from SSLv3 servers."""
    body = uint16(version) + random + vector(1, session_id) + uint16(suite) + b"\0"
    if extensions is not None:
        block = b"".join(uint16(kind) + vector(2, content) for kind, content in extensions)
        body += vector(2, block)
    return handshake(2, body)


def hello_retry_request(suite: int, group: int, *, session_id: bytes) -> bytes:
    """A ServerHello with the fixed random, naming the version and the group."""
    return server_hello(
        TLSV1_2,
        suite,
        random=HELLO_RETRY_REQUEST_RANDOM,
        session_id=session_id,
        extensions=[(43, uint16(TLSV1_3)), (51, uint16(group))],
    )


def server_hello_tls13(suite: int, group: int, share: bytes, *, session_id: bytes) -> bytes:
    """A TLS 1.3 ServerHello with a key share."""
    return server_hello(
        TLSV1_2,
        suite,
        session_id=session_id,
        extensions=[(43, uint16(TLSV1_3)), (51, uint16(group) + vector(2, share))],
    )


def certificate(*ders: bytes) -> bytes:
    """opaque ASN.1Cert<1..2^24-1>; struct { ASN.1Cert certificate_list<0..2^24-1>; }."""
    return handshake(11, vector(3, b"".join(vector(3, der) for der in ders)))


def curve_parameters(group: int, point: bytes) -> bytes:
    """struct { ECParameters curve_params; ECPoint public; } with a named curve (RFC 8422, 5.4)."""
    return b"\x03" + uint16(group) + vector(1, point)


def field_parameters(prime: bytes, public_value: bytes) -> bytes:
    """struct { opaque dh_p<1..2^16-1>; dh_g; dh_Ys; } with the generator 2 (RFC 5246, 7.4.3)."""
    return vector(2, prime) + vector(2, b"\x02") + vector(2, public_value)


def signed(version: int, parameters: bytes, scheme: int = ECDSA_SHA256) -> bytes:
    """A ServerKeyExchange with ``parameters`` and an invalid signature."""
    algorithm = uint16(scheme) if version >= TLSV1_2 else b""
    return handshake(12, parameters + algorithm + vector(2, b"\x30" * 70))


def server_key_exchange(version: int, group: int, point: bytes) -> bytes:
    """Named curve, public point, and a signature."""
    return signed(version, curve_parameters(group, point))


def certificate_request(version: int) -> bytes:
    """Certificate types, signature schemes from TLS 1.2 on, and no authorities."""
    schemes = vector(2, uint16(ECDSA_SHA256)) if version >= TLSV1_2 else b""
    return handshake(13, vector(1, b"\x01\x40") + schemes + vector(2, b""))


def server_hello_done() -> bytes:
    """An empty message."""
    return handshake(14, b"")


def records(version: int, messages: bytes, *, fragment_bytes: int = 16384) -> bytes:
    """``messages`` in handshake records of at most ``fragment_bytes`` each."""
    return b"".join(
        record(HANDSHAKE, version, messages[start : start + fragment_bytes])
        for start in range(0, len(messages), fragment_bytes)
    )


@functools.cache
def self_signed_certificate() -> bytes:
    """A DER certificate with an ECDSA key, for servers that show one and never sign with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zoo.test")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("zoo.test")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


@functools.cache
def public_point(group: int) -> bytes:
    """A valid point of secp256r1; for any other group, 32 bytes."""
    if group != SECP256R1:
        return bytes([9]) + bytes(31)
    numbers = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    return numbers.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
