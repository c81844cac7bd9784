"""The messages that TLS 1.3 encrypts, after decryption (RFC 9846, 4.3 and 4.4; RFC 8879)."""

from __future__ import annotations

import zlib
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError
from probe.tls.extensions import Extension, ExtensionType, body_of, decode_extensions
from probe.tls.limits import MAX_CERTIFICATES, MAX_UNCOMPRESSED_LENGTH
from probe.tls.messages import CertificateStatus

ZLIB: Final = 1
COMPRESSION_ALGORITHMS: Final = {ZLIB: "zlib", 2: "brotli", 3: "zstd"}
"""RFC 8879, section 7.3."""


@frozen
class CertificateEntry:
    """``struct { opaque cert_data<1..2^24-1>; Extension extensions<0..2^16-1>; }``: DER, and the data sent
    with it, such as a stapled OCSP response."""

    der: bytes
    extensions: tuple[Extension, ...]

    @property
    def ocsp_response(self) -> bytes | None:
        """The stapled response, DER (RFC 9846, section 4.4.2.1); None if there is none, or it is malformed."""
        body = body_of(self.extensions, ExtensionType.STATUS_REQUEST)
        try:
            return CertificateStatus.decode(body).ocsp_response if body else None
        except DecodeError:
            return None

    @property
    def sct_list(self) -> bytes | None:
        """The SignedCertificateTimestampList (RFC 6962, section 3.3.1), or None."""
        return body_of(self.extensions, ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP)


def decode_certificate(body: bytes) -> tuple[CertificateEntry, ...]:
    """``struct { opaque certificate_request_context<0..2^8-1>; CertificateEntry certificate_list<0..2^24-1>;
    } Certificate;`` with the leaf first, cut after MAX_CERTIFICATES.

    Raises DecodeError, also for an entry without a certificate.
    """
    reader = ByteReader(body, "Certificate")
    reader.vector(1)
    entries = ByteReader(reader.vector(3), "Certificate")
    reader.finish()
    found: list[CertificateEntry] = []
    while entries.remaining and len(found) < MAX_CERTIFICATES:
        der = entries.filled_vector(3)
        found.append(CertificateEntry(der=der, extensions=decode_extensions(entries)))
    return tuple(found)


@frozen
class CompressedCertificate:
    """``struct { CertificateCompressionAlgorithm algorithm; uint24 uncompressed_length; opaque
    compressed_certificate_message<1..2^24-1>; }`` (RFC 8879, section 4)"""

    algorithm: int
    uncompressed_length: int
    compressed: bytes

    @classmethod
    def decode(cls, body: bytes) -> CompressedCertificate:
        """The message with that body. Raises DecodeError."""
        reader = ByteReader(body, "CompressedCertificate")
        message = cls(
            algorithm=reader.uint(2),
            uncompressed_length=reader.uint(3),
            compressed=reader.vector(3),
        )
        reader.finish()
        return message

    def certificate(self) -> tuple[CertificateEntry, ...] | None:
        """The Certificate inside; None if it is not compressed with zlib, or is longer than any honest one.

        No more than ``uncompressed_length`` bytes are decompressed.

        Raises:
            DecodeError: if the result does not have exactly that length (section 4), or is malformed.
        """
        if self.algorithm != ZLIB or self.uncompressed_length > MAX_UNCOMPRESSED_LENGTH:
            return None
        unpacking = zlib.decompressobj()
        try:
            # One byte more than declared: zlib reads 0 as "no limit", and the extra byte reveals a surplus.
            body = unpacking.decompress(self.compressed, self.uncompressed_length + 1)
        except zlib.error:
            raise DecodeError("CompressedCertificate", 0) from None
        if len(body) != self.uncompressed_length or not unpacking.eof:
            raise DecodeError("CompressedCertificate, not of the declared length,", 0)
        return decode_certificate(body)


def decode_encrypted_extensions(body: bytes) -> tuple[Extension, ...]:
    """``struct { Extension extensions<0..2^16-1>; } EncryptedExtensions;`` Raises DecodeError."""
    reader = ByteReader(body, "EncryptedExtensions")
    found = decode_extensions(reader)
    reader.finish()
    return found


def decode_tls13_certificate_request(body: bytes) -> tuple[Extension, ...]:
    """``struct { opaque certificate_request_context<0..2^8-1>; Extension extensions<0..2^16-1>; }
    CertificateRequest;`` Raises DecodeError."""
    reader = ByteReader(body, "CertificateRequest")
    reader.vector(1)
    found = decode_extensions(reader)
    reader.finish()
    return found


def decode_certificate_verify(body: bytes) -> int:
    """The scheme of ``struct { SignatureScheme algorithm; opaque signature<0..2^16-1>; }
    CertificateVerify;`` Raises DecodeError."""
    reader = ByteReader(body, "CertificateVerify")
    scheme = reader.uint(2)
    reader.vector(2)
    reader.finish()
    return scheme
