"""The signed certificate timestamps of one leaf, each verified with its log's key (RFC 6962, section 3).

They are embedded in the certificate, or delivered in the TLS extension or the stapled OCSP response. An
embedded one signs the precertificate: the certificate without the list, with the issuer's key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
)
from cryptography.x509 import ocsp

from model.certificates.certificate import Sct, SctSource
from model.frozen import frozen
from model.verdict import Verdict
from pki.byte_reader import ByteReader, DecodeError, vector
from pki.certificates.reading.der import Tag, first
from pki.certificates.reading.fields import read_fields
from pki.certificates.reading.strict_reading import load_certificate
from pki.transparency.log_list import Log, LogList

_EMBEDDED: Final = "1.3.6.1.4.1.11129.2.4.2"
_IN_OCSP: Final = "1.3.6.1.4.1.11129.2.4.5"
_MOST: Final = 100
_V1: Final = 0
_SHA256: Final = 4
_X509_ENTRY, _PRECERT_ENTRY = 0, 1
_CLOCK_SKEW: Final = timedelta(minutes=5)


@frozen
class StapledData:
    """Data stapled in the handshake: the SCT list of the TLS extension, and an OCSP response (DER)."""

    sct_list: bytes | None = None
    ocsp_response: bytes | None = None


@frozen
class _Read:
    """``struct { Version sct_version; LogID id; uint64 timestamp; CtExtensions extensions;
    digitally-signed struct {…} } SignedCertificateTimestamp;`` (section 3.2)"""

    log_id: bytes
    timestamp: int
    extensions: bytes
    hash_algorithm: int
    signature: bytes

    @property
    def at(self) -> datetime | None:
        """The timestamp, in milliseconds since 1970; None if it is out of range."""
        try:
            return datetime.fromtimestamp(self.timestamp / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return None


def judge_scts(
    leaf: bytes, issuer: bytes | None, beside: StapledData, logs: LogList | None, at: datetime
) -> tuple[Sct, ...]:
    """All timestamps, embedded ones first; these need the ``issuer``. Never raises.

    Without the log's key, or without the issuer, validity is unknown and the reason says so.
    """
    return tuple(
        _judged(source, one, leaf, issuer, logs, at)
        for source, listed in _lists(leaf, beside)
        for one in _read_list(listed)
    )


def _lists(leaf: bytes, beside: StapledData) -> Iterator[tuple[SctSource, bytes]]:
    embedded = first(read_fields(leaf).extensions.get(_EMBEDDED, b""), Tag.OCTET_STRING)
    if embedded is not None:
        yield SctSource.CERTIFICATE, embedded.content
    if beside.sct_list is not None:
        yield SctSource.TLS, beside.sct_list
    if beside.ocsp_response is not None:
        for listed in _in_ocsp(beside.ocsp_response):
            yield SctSource.OCSP, listed


def _in_ocsp(response: bytes) -> Iterator[bytes]:
    """The list in the extension of each single response, located by its identifier's DER."""
    try:
        read = ocsp.load_der_ocsp_response(response)
        for extension in read.single_extensions:
            if extension.oid.dotted_string == _IN_OCSP:
                wrapped = first(_value(extension), Tag.OCTET_STRING)
                yield wrapped.content if wrapped else b""
    # Untrusted bytes in a large library: any exception means that there is no list.
    except Exception:
        return


def _value(extension: x509.Extension[x509.ExtensionType]) -> bytes:
    return extension.value.public_bytes()


def _read_list(listed: bytes) -> Iterator[_Read]:
    """``SerializedSCT sct_list<1..2^16-1>``; stops at the first unreadable entry."""
    try:
        reader = ByteReader(ByteReader(listed, "SCT list").vector(2), "SCT list")
        for _ in range(_MOST):
            if not reader.remaining:
                return
            found = _read_one(ByteReader(reader.vector(2), "SCT"))
            if found is not None:
                yield found
    except DecodeError:
        return


def _read_one(reader: ByteReader) -> _Read | None:
    if reader.uint(1) != _V1:
        return None
    found = _Read(
        log_id=reader.take(32),
        timestamp=reader.uint(8),
        extensions=reader.vector(2),
        hash_algorithm=reader.uint(2) >> 8,
        signature=reader.vector(2),
    )
    reader.finish()
    return found


def _judged(
    source: SctSource,
    read: _Read,
    leaf: bytes,
    issuer: bytes | None,
    logs: LogList | None,
    at: datetime,
) -> Sct:
    log = logs.get(read.log_id) if logs is not None else None
    verdict, reason = Verdict.UNKNOWN, "No log list is configured."
    if logs is not None:
        reason = "The log list does not contain this log."
    if log is not None:
        verdict, reason = _verdict(source, read, leaf, issuer, log, at)
    return Sct(
        source=source,
        log_id=read.log_id.hex(),
        at=read.at,
        log_name=log.name if log else None,
        operator=log.operator if log else None,
        is_valid=verdict,
        reason=reason or None,
    )


def _verdict(
    source: SctSource, read: _Read, leaf: bytes, issuer: bytes | None, log: Log, at: datetime
) -> tuple[Verdict, str]:
    certificate = load_certificate(leaf)
    if certificate is None:
        return Verdict.UNKNOWN, "The certificate cannot be read."
    if read.at is None or read.at > at + _CLOCK_SKEW:
        return Verdict.NO, "The timestamp is dated in the future."
    end = certificate.not_valid_after_utc
    if (log.start and end < log.start) or (log.end and end >= log.end):
        return Verdict.NO, "The certificate expires outside the log's interval."
    entry = _entry(source, leaf, certificate, issuer)
    if entry is None:
        return Verdict.UNKNOWN, "The issuer was not sent, and its key is part of what was signed."
    if not _is_signed(read, entry, log):
        return Verdict.NO, "The signature is not from this log, or not for this certificate."
    return Verdict.YES, ""


def _entry(
    source: SctSource, leaf: bytes, certificate: x509.Certificate, issuer: bytes | None
) -> bytes | None:
    """``entry_type`` and ``signed_entry`` of section 3.2."""
    if source is not SctSource.CERTIFICATE:
        return _X509_ENTRY.to_bytes(2, "big") + vector(leaf, 3)
    key = read_fields(issuer).public_key if issuer is not None else None
    if key is None:
        return None
    try:
        precertificate = certificate.tbs_precertificate_bytes
    except ValueError:
        return None
    key_hash = hashlib.sha256(key.encode()).digest()
    return _PRECERT_ENTRY.to_bytes(2, "big") + key_hash + vector(precertificate, 3)


def _is_signed(read: _Read, entry: bytes, log: Log) -> bool:
    """``struct { version, signature_type = certificate_timestamp, timestamp, entry, extensions }``"""
    if read.hash_algorithm != _SHA256:
        return False
    content = bytes((_V1, 0)) + read.timestamp.to_bytes(8, "big") + entry
    content += vector(read.extensions, 2)
    try:
        key = load_der_public_key(log.key)
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(read.signature, content, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey():
                key.verify(read.signature, content, padding.PKCS1v15(), hashes.SHA256())
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
