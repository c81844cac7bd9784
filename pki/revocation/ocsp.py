"""The status of one certificate by an OCSP response, if it can be verified (RFC 6960; RFC 5019).

A response counts if it is for this certificate (issuer key and serial number), signed by the issuer or by a
responder that the issuer certified for this purpose, and fresh. Otherwise revocation stays unknown, and the
reason says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, OCSPExtensionOID

from model.certificates.certificate import Revocation, RevocationMethod
from model.verdict import Verdict
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.fields import read_fields
from pki.certificates.reading.strict_reading import load_certificate
from pki.revocation.signed import RevocationQuery, is_issued_by, is_signed_by

MAX_RESPONSES: Final = 64
"""Single responses in one OCSP response, and certificates in it."""

CLOCK_SKEW: Final = timedelta(minutes=5)
_LONGEST_COMPLAINT: Final = 200
_MOST_DELEGATES: Final = 8
"""Responder certificates that are checked; a response normally has one."""


def ocsp_request(about: RevocationQuery) -> bytes | None:
    """A request in DER for that certificate; None if it or its issuer cannot be read."""
    subject, signer = load_certificate(about.certificate), load_certificate(about.issuer)
    if subject is None or signer is None:
        return None
    # SHA-1 only identifies the issuer here; many responders support nothing else (RFC 5019).
    builder = ocsp.OCSPRequestBuilder().add_certificate(subject, signer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def judge_ocsp(response: bytes, about: RevocationQuery, method: RevocationMethod) -> Revocation:
    """The certificate's status by ``response`` (DER); never raises."""
    unknown = about.unknown(method)
    certificate, issuer = load_certificate(about.certificate), load_certificate(about.issuer)
    if certificate is None or issuer is None:
        return replace(unknown, reason="The certificate or its issuer cannot be read.")
    try:
        read = ocsp.load_der_ocsp_response(response)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = read.response_status.name.lower().replace("_", " ")
            return replace(unknown, reason=f"The responder returned an error: {status}.")
        singles = islice(read.responses, MAX_RESPONSES)
        unsupported = _unsupported_extension(read)
        if unsupported is not None:
            reason = f"The response has the unsupported critical extension {unsupported}."
            return replace(unknown, reason=reason)
        found = next((one for one in singles if _is_about(one, certificate, about.issuer)), None)
        if found is None:
            return replace(unknown, reason="The response is for another certificate.")
        if not _may_be_believed(read, issuer, about.at):
            reason = (
                "The response is not signed by the issuer, nor by a responder that it authorized."
            )
            return replace(unknown, reason=reason)
        return _said(found, unknown, about.at)
    # Untrusted bytes in a large library: any exception means that it rejects them.
    except Exception as error:
        words = " ".join(str(error).split())[:_LONGEST_COMPLAINT].rstrip(".")
        return replace(unknown, reason=f"The response cannot be read: {words}.")


def _unsupported_extension(read: ocsp.OCSPResponse) -> str | None:
    """The identifier of a critical extension that is not supported (RFC 6960, section 4.4)."""
    critical = (one.oid for one in read.extensions if one.critical)
    return next((oid.dotted_string for oid in critical if oid != OCSPExtensionOID.NONCE), None)


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: bytes
) -> bool:
    """Compares the issuer by key hash, because a name can be encoded in more than one way."""
    if single.serial_number != certificate.serial_number:
        return False
    return single.issuer_key_hash == _key_hash(issuer, single.hash_algorithm.name)


def _key_hash(issuer: bytes, algorithm: str) -> bytes:
    """The hash of the subjectPublicKey's bits, without tag, length and unused bits (RFC 6960, 4.1.1).

    The bits are those in the issuer's DER: a library would encode a compressed point in another way.
    """
    info = read_fields(issuer).public_key
    bits = info.children()[1].content[1:] if info else b""
    return hashlib.new(algorithm, bits).digest()


def _may_be_believed(read: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """RFC 6960, section 4.2.2.2: signed by the issuer, or by its delegate with id-kp-OCSPSigning."""
    return any(
        is_signed_by(signer, read.signature, read.tbs_response_bytes, read.signature_hash_algorithm)
        for signer in (issuer, *_delegates(read, issuer, at))
    )


def _delegates(
    read: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime
) -> Iterator[x509.Certificate]:
    for one in read.certificates[:_MOST_DELEGATES]:
        if beyond_bounds(one.public_bytes(Encoding.DER)) is not None:
            continue
        if not one.not_valid_before_utc - CLOCK_SKEW <= at <= one.not_valid_after_utc:
            continue
        if _signs_ocsp(one) and is_issued_by(one, issuer):
            yield one


def _signs_ocsp(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage.value


def _said(single: ocsp.OCSPSingleResponse, unknown: Revocation, at: datetime) -> Revocation:
    dated = replace(unknown, this_update=single.this_update_utc, next_update=single.next_update_utc)
    if single.this_update_utc > at + CLOCK_SKEW:
        return replace(dated, reason="The response is dated in the future.")
    if single.next_update_utc is not None and single.next_update_utc < at - CLOCK_SKEW:
        day = single.next_update_utc.astimezone(UTC).date().isoformat()
        return replace(dated, reason=f"The response has been stale since {day}.")
    match single.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return replace(dated, is_revoked=Verdict.NO)
        case ocsp.OCSPCertStatus.REVOKED:
            reason = single.revocation_reason
            return replace(
                dated,
                is_revoked=Verdict.YES,
                revoked_at=single.revocation_time_utc,
                reason=f"The CA's reason: {reason.value}." if reason else None,
            )
        case _:
            return replace(dated, reason="The responder does not know the certificate.")
