"""What a certificate revocation list says of one certificate, if it may be believed (RFC 5280, 5 and 6.3).

A list counts where it is the certificate's issuer's, signed by its key, fresh, and about certificates of
this kind. A delta list is laid over it. Indirect lists, and extensions that are critical and not known
here, leave revocation unknown.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtensionOID

from model.certificates.certificate import Revocation, RevocationMethod
from model.verdict import Verdict
from pki.certificates.reading.strict_reading import load_certificate
from pki.revocation.ocsp import CLOCK_SKEW
from pki.revocation.signed import RevocationQuery, is_signed_by

MOST_CRL_LENGTH: Final = 2**24
"""16 MiB: the longest lists of public CAs; those that split theirs stay far below."""

_LONGEST_COMPLAINT: Final = 200
_PEM: Final = b"-----BEGIN"
_PEM_LABELS: Final = (b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----")
_KNOWN: Final = frozenset(
    {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR}
)


class _UnfitError(Exception):
    """The list cannot be believed; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """A list, and the part of its DER that is signed.

    The library would encode that part again to verify it, which keeps all other threads from running for a third of a
    second where the list is of 16 MiB.
    """

    fields: x509.CertificateRevocationList
    signed_part: bytes


def judge_crl(crl: bytes, about: RevocationQuery, delta: bytes | None = None) -> Revocation:
    """What the list (DER or PEM), and the ``delta`` to it, say of it; never raises."""
    found = about.unknown(RevocationMethod.CRL)
    certificate, issuer = load_certificate(about.certificate), load_certificate(about.issuer)
    if certificate is None or issuer is None:
        return replace(found, reason="The certificate or its issuer cannot be read.")
    try:
        whole = _read(crl)
        base = whole.fields
        found = replace(found, this_update=base.last_update_utc, next_update=base.next_update_utc)
        _check(whole, certificate, issuer, about.at)
        entry = base.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if delta is not None:
            newer = _read(delta)
            _check(newer, certificate, issuer, about.at)
            entry = _laid_over(entry, newer.fields, base, certificate.serial_number)
        return _said(entry, found)
    except _UnfitError as unfit:
        return replace(found, reason=str(unfit))
    # Hostile bytes meet a large library: whichever way it fails, it has rejected them.
    except Exception as error:
        words = " ".join(str(error).split())[:_LONGEST_COMPLAINT].rstrip(".")
        return replace(found, reason=f"The list cannot be read: {words}.")


def freshest_urls(crl: bytes) -> tuple[str, ...]:
    """Where the list says that its delta is (RFC 5280, section 5.2.6); none where it cannot be read."""
    try:
        points = _read(crl).fields.extensions.get_extension_for_class(x509.FreshestCRL).value
    # As above: a list that cannot be read names no delta.
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
        raise _UnfitError("The list is longer than any that is read here.")
    is_pem = crl[:_LONGEST_COMPLAINT].lstrip().startswith(_PEM)
    der = _of_pem(crl) if is_pem else crl
    fields = x509.load_der_x509_crl(der)
    # The library has taken it as DER: a SEQUENCE, whose first element is the signed SEQUENCE.
    begin, _ = contents(der, 0)
    first, length = contents(der, begin)
    return _List(fields=fields, signed_part=der[begin : first + length])


def _of_pem(text: bytes) -> bytes:
    begin, end = _PEM_LABELS
    _, is_begun, rest = text.partition(begin)
    body, is_ended, _ = rest.partition(end)
    if not (is_begun and is_ended):
        raise _UnfitError("The list is neither DER nor PEM.")
    return binascii.a2b_base64(body)


def contents(der: bytes, start: int) -> tuple[int, int]:
    """Where the contents of the element at ``start`` begin, and their length (X.690, section 8.1.3)."""
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
        raise _UnfitError("The list is of another issuer.")
    scheme = crl.signature_algorithm_parameters
    if not is_signed_by(
        issuer,
        crl.signature,
        whole.signed_part,
        crl.signature_hash_algorithm,
        scheme if isinstance(scheme, padding.PSS) else None,
    ):
        raise _UnfitError("The list is not signed by the issuer.")
    if crl.last_update_utc > at + CLOCK_SKEW:
        raise _UnfitError("The list is of a time to come.")
    if crl.next_update_utc is not None and crl.next_update_utc < at - CLOCK_SKEW:
        day = crl.next_update_utc.astimezone(UTC).date().isoformat()
        raise _UnfitError(f"The list is stale since {day}.")
    for extension in crl.extensions:
        if extension.critical and extension.oid not in _KNOWN:
            raise _UnfitError(f"The list has the critical extension {extension.oid.dotted_string}.")
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _check_scope(extension.value, certificate)


def _check_scope(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> None:
    is_ca = _is_ca(certificate)
    if scope.indirect_crl:
        raise _UnfitError("The list is indirect: it may be about other issuers' certificates.")
    if scope.only_some_reasons:
        raise _UnfitError("The list is of some reasons for revocation only.")
    if scope.only_contains_attribute_certs:
        raise _UnfitError("The list is of attribute certificates.")
    if (scope.only_contains_ca_certs and not is_ca) or (scope.only_contains_user_certs and is_ca):
        raise _UnfitError("The list is of certificates of another kind.")


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.value.ca


def _laid_over(
    entry: x509.RevokedCertificate | None,
    delta: x509.CertificateRevocationList,
    base: x509.CertificateRevocationList,
    serial_number: int,
) -> x509.RevokedCertificate | None:
    """The newer word of the two (RFC 5280, section 5.2.4)."""
    since = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    number = base.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    if number < since:
        raise _UnfitError("The delta list is to a newer list than this one.")
    newer = delta.get_revoked_certificate_by_serial_number(serial_number)
    if newer is None:
        return entry
    return None if _reason(newer) is x509.ReasonFlags.remove_from_crl else newer


def _said(entry: x509.RevokedCertificate | None, found: Revocation) -> Revocation:
    if entry is None:
        return replace(found, is_revoked=Verdict.NO)
    reason = _reason(entry)
    return replace(
        found,
        is_revoked=Verdict.YES,
        revoked_at=entry.revocation_date_utc,
        reason=f"The CA says: {reason.value}." if reason else None,
    )


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None
