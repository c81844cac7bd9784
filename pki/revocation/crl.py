"""The status of one certificate by a certificate revocation list, if it can be verified (RFC 5280, 5 and 6.3).

A CRL counts if it is from the certificate's issuer, signed with its key, fresh, and covers the certificate
(``crl_scope``). A delta CRL is applied to it. Indirect CRLs, unknown critical extensions, and CRLs of some
reasons that do not list the certificate leave revocation unknown.
"""

from __future__ import annotations

import binascii
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

from model.certificates.certificate import Revocation, RevocationMethod
from model.frozen import frozen
from model.verdict import Verdict
from pki.certificates.reading.strict_reading import load_certificate
from pki.revocation.crl_scope import (
    OutOfScopeError,
    check_delta,
    check_entry,
    check_scope,
    is_delta,
)
from pki.revocation.ocsp import CLOCK_SKEW
from pki.revocation.signed import RevocationQuery, is_signed_by

MOST_CRL_LENGTH: Final = 2**24
"""16 MiB: the longest CRLs of public CAs; partitioned ones are far smaller."""

_LONGEST_COMPLAINT: Final = 200
_PEM: Final = b"-----BEGIN"
_PEM_LABELS: Final = (b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----")


class _UnfitError(Exception):
    """The CRL cannot be used; the message is one sentence."""


@frozen
class _List:
    """A CRL, and the signed part of its DER.

    To verify a CRL of 16 MiB the library would encode that part again and block all other threads for a third of
    a second.
    """

    fields: x509.CertificateRevocationList
    signed_part: bytes


def judge_crl(crl: bytes, about: RevocationQuery, delta: bytes | None = None) -> Revocation:
    """The certificate's status by the CRL (DER or PEM) and its ``delta``; never raises."""
    found = about.unknown(RevocationMethod.CRL)
    certificate, issuer = load_certificate(about.certificate), load_certificate(about.issuer)
    if certificate is None or issuer is None:
        return replace(found, reason="The certificate or its issuer cannot be read.")
    try:
        whole = _read(crl)
        base = whole.fields
        found = replace(found, this_update=base.last_update_utc, next_update=base.next_update_utc)
        _check(whole, certificate, issuer, about.at)
        if is_delta(base):
            raise _UnfitError("A delta CRL came in place of the complete CRL.")
        covers_all_reasons = check_scope(base, certificate, about.source)
        entry = base.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if delta is not None:
            newer = _read(delta)
            _check(newer, certificate, issuer, about.at)
            if check_delta(newer.fields, base):
                entry = _laid_over(entry, newer.fields, certificate.serial_number)
        if entry is None and not covers_all_reasons:
            raise _UnfitError("The CRL covers only some revocation reasons.")
        return _said(entry, found)
    except (_UnfitError, OutOfScopeError) as unfit:
        return replace(found, reason=str(unfit))
    # Untrusted bytes in a large library: any exception means that it rejects them.
    except Exception as error:
        words = " ".join(str(error).split())[:_LONGEST_COMPLAINT].rstrip(".")
        return replace(found, reason=f"The CRL cannot be read: {words}.")


def freshest_urls(crl: bytes) -> tuple[str, ...]:
    """The URLs of its delta CRL (RFC 5280, section 5.2.6); none if it cannot be read."""
    try:
        points = _read(crl).fields.extensions.get_extension_for_class(x509.FreshestCRL).value
    # As above: an unreadable CRL names no delta.
    except Exception:
        return ()
    return tuple(
        name.value
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def _read(crl: bytes) -> _List:
    if len(crl) > MOST_CRL_LENGTH:
        raise _UnfitError("The CRL is larger than the limit of 16 MiB.")
    is_pem = crl[:_LONGEST_COMPLAINT].lstrip().startswith(_PEM)
    der = _of_pem(crl) if is_pem else crl
    fields = x509.load_der_x509_crl(der)
    # The library accepted it as DER: a SEQUENCE, whose first element is the signed SEQUENCE.
    begin, _ = contents(der, 0)
    first, length = contents(der, begin)
    return _List(fields=fields, signed_part=der[begin : first + length])


def _of_pem(text: bytes) -> bytes:
    begin, end = _PEM_LABELS
    _, is_begun, rest = text.partition(begin)
    body, is_ended, _ = rest.partition(end)
    if not (is_begun and is_ended):
        raise _UnfitError("The CRL is neither DER nor PEM.")
    return binascii.a2b_base64(body)


def contents(der: bytes, start: int) -> tuple[int, int]:
    """The start and length of the content of the element at ``start`` (X.690, section 8.1.3)."""
    short = der[start + 1]
    if short < 0x80:
        return start + 2, short
    begin = start + 2 + (short & 0x7F)
    return begin, int.from_bytes(der[start + 2 : begin])


def _check(
    whole: _List,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
) -> None:
    crl = whole.fields
    if crl.issuer != certificate.issuer:
        raise _UnfitError("The CRL is from another issuer.")
    scheme = crl.signature_algorithm_parameters
    if not is_signed_by(
        issuer,
        crl.signature,
        whole.signed_part,
        crl.signature_hash_algorithm,
        scheme if isinstance(scheme, padding.PSS) else None,
    ):
        raise _UnfitError("The CRL is not signed by the issuer.")
    if crl.last_update_utc > at + CLOCK_SKEW:
        raise _UnfitError("The CRL is dated in the future.")
    if crl.next_update_utc is not None and crl.next_update_utc < at - CLOCK_SKEW:
        day = crl.next_update_utc.astimezone(UTC).date().isoformat()
        raise _UnfitError(f"The CRL has been stale since {day}.")


def _laid_over(
    entry: x509.RevokedCertificate | None,
    delta: x509.CertificateRevocationList,
    serial_number: int,
) -> x509.RevokedCertificate | None:
    """The newer status of the two (RFC 5280, section 5.2.4)."""
    newer = delta.get_revoked_certificate_by_serial_number(serial_number)
    if newer is None:
        return entry
    return None if _reason(newer) is x509.ReasonFlags.remove_from_crl else newer


def _said(entry: x509.RevokedCertificate | None, found: Revocation) -> Revocation:
    if entry is None:
        return replace(found, is_revoked=Verdict.NO)
    check_entry(entry)
    reason = _reason(entry)
    return replace(
        found,
        is_revoked=Verdict.YES,
        revoked_at=entry.revocation_date_utc,
        reason=f"The CA's reason: {reason.value}." if reason else None,
    )


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None
