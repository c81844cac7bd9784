"""What an OCSP response says of one certificate, if it may be believed (RFC 6960; RFC 5019).

A response counts where it is for this certificate, by its issuer's key and its serial number, signed
by the issuer or by a responder that the issuer certified for it, and fresh. Whatever else it is, the
certificate's revocation stays unknown, and the reason says why.
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
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from model.certificates.certificate import Revocation, RevocationMethod
from model.verdict import Verdict
from pki.certificates.reading.bounds import beyond_bounds
from pki.certificates.reading.der import Tag, first
from pki.certificates.reading.strict_reading import load_certificate
from pki.revocation.signed import RevocationQuery, is_issued_by, is_signed_by

MAX_RESPONSES: Final = 64
"""Single responses in one OCSP response, and certificates that come with it."""

CLOCK_SKEW: Final = timedelta(minutes=5)
_LONGEST_COMPLAINT: Final = 200
_MOST_DELEGATES: Final = 8
"""Responders' certificates that are looked at; a response has one."""


def ocsp_request(about: RevocationQuery) -> bytes | None:
    """A request in DER for that certificate; None where it or its issuer cannot be read."""
    subject, signer = load_certificate(about.certificate), load_certificate(about.issuer)
    if subject is None or signer is None:
        return None
    # SHA-1 names the issuer here and protects nothing; many responders know no other (RFC 5019).
    builder = ocsp.OCSPRequestBuilder().add_certificate(subject, signer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def judge_ocsp(response: bytes, about: RevocationQuery, method: RevocationMethod) -> Revocation:
    """What ``response`` (DER) says of that certificate; never raises."""
    unknown = about.unknown(method)
    certificate, issuer = load_certificate(about.certificate), load_certificate(about.issuer)
    if certificate is None or issuer is None:
        return replace(unknown, reason="The certificate or its issuer cannot be read.")
    try:
        read = ocsp.load_der_ocsp_response(response)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            status = read.response_status.name.lower().replace("_", " ")
            return replace(unknown, reason=f"The responder answers: {status}.")
        singles = islice(read.responses, MAX_RESPONSES)
        found = next((one for one in singles if _is_about(one, certificate, issuer)), None)
        if found is None:
            return replace(unknown, reason="The response is for another certificate.")
        if not _may_be_believed(read, issuer, about.at):
            reason = "The response is not signed by the issuer, nor by a responder of its."
            return replace(unknown, reason=reason)
        return _said(found, unknown, about.at)
    # Hostile bytes meet a large library: whichever way it fails, it has rejected them.
    except Exception as error:
        words = " ".join(str(error).split())[:_LONGEST_COMPLAINT].rstrip(".")
        return replace(unknown, reason=f"The response cannot be read: {words}.")


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """The key's hash tells the issuer; names are written in more ways than one."""
    if single.serial_number != certificate.serial_number:
        return False
    return single.issuer_key_hash == _key_hash(issuer, single.hash_algorithm.name)


def _key_hash(issuer: x509.Certificate, algorithm: str) -> bytes:
    """Over the subjectPublicKey's bits, without tag, length and unused bits (RFC 6960, 4.1.1)."""
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    outer = first(spki, Tag.SEQUENCE)
    bits = outer.children()[1].content[1:] if outer else b""
    return hashlib.new(algorithm, bits).digest()


def _may_be_believed(read: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """RFC 6960, section 4.2.2.2: the issuer itself, or one with id-kp-OCSPSigning from it."""
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
        return replace(dated, reason="The response is of a time to come.")
    if single.next_update_utc is not None and single.next_update_utc < at - CLOCK_SKEW:
        day = single.next_update_utc.astimezone(UTC).date().isoformat()
        return replace(dated, reason=f"The response is stale since {day}.")
    match single.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return replace(dated, is_revoked=Verdict.NO)
        case ocsp.OCSPCertStatus.REVOKED:
            reason = single.revocation_reason
            return replace(
                dated,
                is_revoked=Verdict.YES,
                revoked_at=single.revocation_time_utc,
                reason=f"The CA says: {reason.value}." if reason else None,
            )
        case _:
            return replace(dated, reason="The responder does not know the certificate.")
