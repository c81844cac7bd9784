"""Parses one certificate from DER: its readable fields, and whether a strict parser accepts it.

The fields come from ``fields.py``, which also reads damaged certificates. cryptography decides whether a
certificate is well-formed (RFC 5280), and its error message is the parse_error.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from model.certificates.certificate import Certificate, KeyType
from pki.certificates.memoized import remembered
from pki.certificates.path_building import read_link
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.der import Element
from pki.certificates.reading.fields import CertificateFields, read_fields
from pki.certificates.reading.names import LONGEST_TEXT, MOST_PARTS, bounded
from pki.certificates.reading.public_keys import read_public_key
from pki.certificates.reading.signatures import signature_algorithm_name
from pki.certificates.reading.usages import read_usages

_LONGEST_COMPLAINT: Final = 200
# Signed, so that a serial number of a megabyte is truncated before conversion to hex.
_LONGEST_SERIAL_BITS: Final = 4 * (LONGEST_TEXT - 1)

_PARTS: Final[tuple[tuple[str, Callable[[x509.Certificate], object]], ...]] = (
    ("validity", lambda certificate: certificate.not_valid_before_utc),
    ("validity", lambda certificate: certificate.not_valid_after_utc),
    ("issuer", lambda certificate: certificate.issuer),
    ("subject", lambda certificate: certificate.subject),
    ("public key", lambda certificate: certificate.public_key()),
    ("extensions", lambda certificate: certificate.extensions),
)
"""The parts that cryptography reads, and so rejects, only on access."""


@remembered
def parse_certificate(der: bytes) -> Certificate:
    """The certificate in ``der``; never raises, whatever the bytes.

    A certificate that cryptography rejects, or whose serial number is negative, has ``parse_error``, a sentence,
    and every field that could still be read. An algorithm or curve that is merely unknown is not an error:
    ``key_type`` is then OTHER, and ``signature_algorithm`` is dotted.
    """
    fields = read_fields(der)
    key_type, key_bits = (
        read_public_key(fields.public_key) if fields.public_key else (KeyType.OTHER, None)
    )
    algorithm = fields.signature_algorithm
    usages = read_usages(fields.extensions)
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        der=der,
        subject=fields.subject.text() if fields.subject else None,
        issuer=fields.issuer.text() if fields.issuer else None,
        serial_number=_serial_text(fields.serial_number),
        dns_names=fields.dns_names(),
        ip_addresses=fields.ip_addresses(),
        uris=fields.uris(),
        email_addresses=fields.email_addresses(),
        not_before=fields.not_before,
        not_after=fields.not_after,
        key_type=key_type,
        key_bits=key_bits,
        public_key_sha256=_public_key_sha256(fields.public_key),
        signature_algorithm=signature_algorithm_name(algorithm) if algorithm else None,
        key_usage=usages.key_usage,
        extended_key_usage=usages.extended_key_usage,
        is_ca=usages.is_ca,
        path_length=usages.path_length,
        policies=usages.policies,
        validation=usages.validation,
        crl_urls=usages.crl_urls,
        ocsp_urls=usages.ocsp_urls,
        issuer_urls=usages.issuer_urls,
        is_self_signed=read_link(der).is_self_signed,
        must_staple=usages.must_staple,
        embedded_scts=usages.embedded_scts,
        parse_error=_parse_error(der, fields.serial_number),
    )


def _public_key_sha256(info: Element | None) -> str | None:
    """The hash of the SubjectPublicKeyInfo as sent, as in pins (RFC 7469, section 2.4)."""
    return hashlib.sha256(info.encode()).hexdigest() if info else None


def _serial_text(serial_number: int | None) -> str | None:
    if serial_number is None:
        return None
    if (surplus := serial_number.bit_length() - _LONGEST_SERIAL_BITS) > 0:
        return bounded(f"{serial_number >> surplus:x}…")
    return f"{serial_number:x}"


def _parse_error(der: bytes, serial_number: int | None) -> str | None:
    with warnings.catch_warnings():
        # Findings that cryptography only warns about (attribute lengths, NULL parameters) do not count.
        warnings.simplefilter("ignore")
        complaint = _complaint(der)
    if complaint is None and serial_number is not None and serial_number < 0:
        return "The serial number is negative (RFC 5280, section 4.1.2.2)."
    return complaint or _cut(read_fields(der))


def _cut(fields: CertificateFields) -> str | None:
    """Which list is too long to be read completely: truncation is reported, never silent."""
    for name, read in (("issuer", fields.issuer), ("subject", fields.subject)):
        parts = read.relative_names if read is not None else ()
        if max(len(parts), *map(len, parts), 0) >= MOST_PARTS:
            return (
                f"The {name} has {MOST_PARTS} parts or more; only the first {MOST_PARTS} are read."
            )
    return None


def _complaint(der: bytes) -> str | None:
    if (reason := beyond_bounds(der)) is not None:
        return reason
    part = "certificate"
    try:
        certificate = x509.load_der_x509_certificate(der)
        for name, read in _PARTS:
            part = name
            _read_or_unsupported(certificate, read)
    # Untrusted bytes in a large library: any exception means that it rejects them.
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        return f"The {part} cannot be parsed: {words[:_LONGEST_COMPLAINT].rstrip('.')}."
    return None


def _read_or_unsupported(
    certificate: x509.Certificate, read: Callable[[x509.Certificate], object]
) -> None:
    try:
        read(certificate)
    except UnsupportedAlgorithm:
        return  # a curve or key that cryptography does not implement is still well-formed
