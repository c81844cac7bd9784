"""ClientHello and ServerHello (RFC 9846, section 4.1; RFC 6101, section 5.6.1).

A HelloRetryRequest is a ServerHello with a fixed random; ``ServerHello.is_retry_request`` distinguishes them.
Structures without extensions (SSL 3.0) are read and written too.
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError, uint16_list, vector
from probe.tls.extensions import (
    Extension,
    ExtensionType,
    KeyShare,
    body_of,
    decode_extensions,
    decode_key_share_entry,
    decode_next_protocols,
    decode_protocol_name,
)

RETRY_REQUEST_RANDOM: Final = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)
"""SHA-256 of "HelloRetryRequest" (RFC 9846, section 4.1.3)."""


@frozen
class ClientHello:
    """``struct { ProtocolVersion legacy_version; Random random; opaque legacy_session_id<0..32>; CipherSuite
    cipher_suites<2..2^16-2>; opaque legacy_compression_methods<1..2^8-1>; Extension extensions<8..2^16-1>; }
    ClientHello;``

    ``extensions`` is None if the block is left out altogether, as SSL 3.0 requires.
    """

    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes
    extensions: tuple[Extension, ...] | None

    def encode(self) -> bytes:
        """The message's body, without handshake header or record."""
        body = (
            self.legacy_version.to_bytes(2, "big")
            + self.random
            + vector(self.session_id, 1)
            + uint16_list(self.cipher_suites)
            + vector(self.compression_methods, 1)
        )
        if self.extensions is None:
            return body
        return body + vector(b"".join(item.encode() for item in self.extensions), 2)

    @classmethod
    def decode(cls, body: bytes) -> ClientHello:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "ClientHello")
        hello = cls(
            legacy_version=reader.uint(2),
            random=reader.take(32),
            session_id=reader.vector(1),
            cipher_suites=reader.uint16_list(2),
            compression_methods=reader.vector(1),
            extensions=decode_extensions(reader) if reader.remaining else None,
        )
        reader.finish()
        return hello


@frozen
class ServerHello:
    """``struct { ProtocolVersion legacy_version; Random random; opaque legacy_session_id_echo<0..32>;
    CipherSuite cipher_suite; uint8 legacy_compression_method; Extension extensions<6..2^16-1>; }``
    """

    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression_method: int
    extensions: tuple[Extension, ...]

    @classmethod
    def decode(cls, body: bytes) -> ServerHello:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "ServerHello")
        hello = cls(
            legacy_version=reader.uint(2),
            random=reader.take(32),
            session_id=reader.vector(1),
            cipher_suite=reader.uint(2),
            compression_method=reader.uint(1),
            extensions=decode_extensions(reader) if reader.remaining else (),
        )
        reader.finish()
        return hello

    @property
    def is_retry_request(self) -> bool:
        """Whether this is a HelloRetryRequest."""
        return self.random == RETRY_REQUEST_RANDOM

    def extension(self, code_point: int) -> bytes | None:
        """The body of the first extension of that type, or None."""
        return body_of(self.extensions, code_point)

    def has(self, code_point: int) -> bool:
        """Whether there is an extension of that type, whatever its body."""
        return self.extension(code_point) is not None

    @property
    def version(self) -> int:
        """The version chosen: supported_versions where present (RFC 9846, section 4.2.1)."""
        selected = self.extension(ExtensionType.SUPPORTED_VERSIONS)
        if selected is not None and len(selected) == 2:
            return int.from_bytes(selected, "big")
        return self.legacy_version

    @property
    def key_share_group(self) -> int | None:
        """The group of key_share: only a NamedGroup in a retry, otherwise the first field of the entry."""
        share = self.extension(ExtensionType.KEY_SHARE)
        return int.from_bytes(share[:2], "big") if share is not None and len(share) >= 2 else None

    @property
    def key_share(self) -> KeyShare | None:
        """The server's share (RFC 9846, section 4.2.8); None if there is none, or it is malformed."""
        body = self.extension(ExtensionType.KEY_SHARE)
        try:
            return None if body is None else decode_key_share_entry(body)
        except DecodeError:
            return None

    @property
    def alpn_protocol(self) -> bytes | None:
        """The chosen protocol (RFC 7301, section 3.1, allows one); None if there is none, or it is malformed."""
        body = self.extension(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
        try:
            return None if body is None else decode_protocol_name(body)
        except DecodeError:
            return None

    @property
    def next_protocols(self) -> tuple[bytes, ...]:
        """The protocols of draft-agl-tls-nextprotoneg-04, up to the first malformed one."""
        return decode_next_protocols(self.extension(ExtensionType.NEXT_PROTOCOL_NEGOTIATION) or b"")

    @property
    def record_size_limit(self) -> int | None:
        """RFC 8449, section 4, in bytes; None without it, or if it is not a two-byte number."""
        body = self.extension(ExtensionType.RECORD_SIZE_LIMIT)
        return int.from_bytes(body, "big") if body is not None and len(body) == 2 else None

    @property
    def ec_point_formats(self) -> bytes:
        """The formats that the server can read (RFC 8422, section 5.1.2), one byte each; empty without them."""
        return (self.extension(ExtensionType.EC_POINT_FORMATS) or b"")[1:]

    @property
    def sct_list(self) -> bytes | None:
        """The SignedCertificateTimestampList (RFC 6962, section 3.3.1); None if there is none, or it is empty."""
        return self.extension(ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP) or None
