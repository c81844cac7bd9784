"""What a certificate revocation list says of one certificate, if it may be believed (RFC 5280, 5 and 6.3).

A list counts where it is the certificate's issuer's, signed by its key, fresh, and about certificates of
this kind. A delta list is laid over it. Indirect lists, and extensions that are critical and not known
here, leave revocation unknown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtensionOID

from model.certificate import Revocation, RevocationMethod
from model.verdict import Verdict
from probe.certificates.strict_reading import load_certificate
from probe.revocation.ocsp import CLOCK_SKEW
from probe.revocation.signed import About

MOST_CRL_LENGTH: Final = 2**24
"""16 MiB: the longest lists of public CAs; those that split theirs stay far below."""

_LONGEST_COMPLAINT: Final = 200
_PEM: Final = b"-----BEGIN"
_KNOWN: Final = frozenset(
    {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR}
)


class _UnfitError(Exception):
    """The list cannot be believed; the message is one sentence."""


def judge_crl(crl: bytes, about: About, delta: bytes | None = None) -> Revocation:
    """What the list (DER or PEM), and the ``delta`` to it, say of it; never raises."""
    found = about.unknown(RevocationMethod.CRL)
    certificate, issuer = load_certificate(about.certificate), load_certificate(about.issuer)
    if certificate is None or issuer is None:
        return replace(found, reason="The certificate or its issuer cannot be read.")
    try:
        base = _read(crl)
        found = replace(found, this_update=base.last_update_utc, next_update=base.next_update_utc)
        _check(base, certificate, issuer, about.at)
        entry = base.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if delta is not None:
            newer = _read(delta)
            _check(newer, certificate, issuer, about.at)
            entry = _laid_over(entry, newer, base, certificate.serial_number)
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
        points = _read(crl).extensions.get_extension_for_class(x509.FreshestCRL).value
    # As above: a list that cannot be read names no delta.
    except Exception:
        return ()
    return tuple(
        name.value
        for point in points
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    )


def _read(crl: bytes) -> x509.CertificateRevocationList:
    if len(crl) > MOST_CRL_LENGTH:
        raise _UnfitError("The list is longer than any that is read here.")
    if crl.lstrip()[: len(_PEM)] == _PEM:
        return x509.load_pem_x509_crl(crl)
    return x509.load_der_x509_crl(crl)


def _check(
    crl: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
) -> None:
    if crl.issuer != certificate.issuer:
        raise _UnfitError("The list is of another issuer.")
    key = cast(CertificateIssuerPublicKeyTypes, issuer.public_key())
    if not crl.is_signature_valid(key):
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
