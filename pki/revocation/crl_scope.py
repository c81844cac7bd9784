"""Whether a CRL covers a certificate: RFC 5280, section 6.3.3, steps (b) and (c).

A CA may split its CRL into shards. A shard that does not list a certificate says nothing about it, unless the
certificate names that shard: so the issuing distribution point of the CRL is compared with the distribution
points of the certificate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

_KNOWN: Final = frozenset(
    {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.DELTA_CRL_INDICATOR}
)
_KNOWN_IN_ENTRIES: Final = frozenset({x509.CRLReason.oid, x509.InvalidityDate.oid})

Kind = TypeVar("Kind", bound=x509.ExtensionType)


class OutOfScopeError(Exception):
    """The CRL says nothing about the certificate; the message is one sentence."""


def check_scope(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, source: str | None
) -> bool:
    """Whether the CRL covers all revocation reasons of ``certificate``.

    ``source`` is the URL from which the CRL came, as the certificate names it; None accepts any of its
    distribution points.

    Raises:
        OutOfScopeError: if the CRL does not cover the certificate.
    """
    _check_critical("The CRL", crl.extensions, _KNOWN)
    scope = issuing_point(crl)
    points = list(_points(certificate, source))
    own = [point for point in points if point.crl_issuer is None]
    if points and not own:
        raise OutOfScopeError("The certificate names another issuer for its CRL.")
    covers_all_reasons = not points or any(point.reasons is None for point in own)
    if scope is None:
        return covers_all_reasons
    _check_kind(scope, certificate)
    names = _names(scope, crl.issuer)
    wanted = {name for point in own for name in _names(point, crl.issuer)}
    if names and names.isdisjoint(wanted or {certificate.issuer}):
        raise OutOfScopeError("The CRL is of another distribution point than the certificate's.")
    return covers_all_reasons and scope.only_some_reasons is None


def check_delta(
    delta: x509.CertificateRevocationList, base: x509.CertificateRevocationList
) -> bool:
    """Whether ``delta`` is newer than ``base`` (RFC 5280, section 5.2.4); an older one adds nothing.

    Raises:
        OutOfScopeError: if it has another scope, or does not apply to ``base``.
    """
    _check_critical("The CRL", delta.extensions, _KNOWN)
    if issuing_point(delta) != issuing_point(base):
        raise OutOfScopeError("The delta CRL has another scope than its base CRL.")
    number, newer = _number(base), _number(delta)
    indicator = _extension(delta, x509.DeltaCRLIndicator)
    if indicator is None or number is None or newer is None:
        raise OutOfScopeError("The delta CRL, or its base CRL, has no number.")
    if number < indicator.crl_number:
        raise OutOfScopeError("The delta CRL applies to a newer base CRL than this one.")
    return number < newer


def check_entry(entry: x509.RevokedCertificate) -> None:
    """Raises OutOfScopeError if the entry has a critical extension that is not supported (section 5.3)."""
    _check_critical("The CRL's entry", entry.extensions, _KNOWN_IN_ENTRIES)


def is_delta(crl: x509.CertificateRevocationList) -> bool:
    """Whether the CRL lists only changes to another one."""
    return _extension(crl, x509.DeltaCRLIndicator) is not None


def issuing_point(crl: x509.CertificateRevocationList) -> x509.IssuingDistributionPoint | None:
    """The scope that the CRL states; None covers all certificates of its issuer."""
    return _extension(crl, x509.IssuingDistributionPoint)


def _check_critical(
    what: str, extensions: x509.Extensions, known: Collection[x509.ObjectIdentifier]
) -> None:
    for extension in extensions:
        if extension.critical and extension.oid not in known:
            oid = extension.oid.dotted_string
            raise OutOfScopeError(f"{what} has the unsupported critical extension {oid}.")


def _check_kind(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> None:
    constraints = _extension(certificate, x509.BasicConstraints)
    is_ca = constraints is not None and constraints.ca
    if scope.indirect_crl:
        raise OutOfScopeError("The CRL is indirect: it may cover certificates of other issuers.")
    if scope.only_contains_attribute_certs:
        raise OutOfScopeError("The CRL covers attribute certificates only.")
    if (scope.only_contains_ca_certs and not is_ca) or (scope.only_contains_user_certs and is_ca):
        raise OutOfScopeError("The CRL covers certificates of another kind.")


def _points(certificate: x509.Certificate, source: str | None) -> Iterator[x509.DistributionPoint]:
    """The distribution points of the certificate that name ``source``; all of them if none does."""
    points = list(_extension(certificate, x509.CRLDistributionPoints) or ())
    named = [
        point
        for point in points
        if source is not None and _uri(source) in set(_full_names(point.full_name or ()))
    ]
    yield from named or points


def _names(
    point: x509.DistributionPoint | x509.IssuingDistributionPoint, issuer: x509.Name
) -> set[object]:
    """The comparable names of a distribution point; a relative name is completed (section 4.2.1.13)."""
    if point.relative_name is not None:
        return {x509.Name([*issuer.rdns, point.relative_name])}
    return set(_full_names(point.full_name or ()))


def _full_names(names: Iterable[x509.GeneralName]) -> Iterator[object]:
    for name in names:
        match name:
            case x509.UniformResourceIdentifier():
                yield _uri(name.value)
            case x509.DirectoryName():
                yield name.value
            case _:
                yield name


def _uri(text: str) -> str:
    """Scheme and host compare without regard to case (section 7.4)."""
    parts = urlsplit(text)
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl()


def _number(crl: x509.CertificateRevocationList) -> int | None:
    number = _extension(crl, x509.CRLNumber)
    return None if number is None else number.crl_number


def _extension(
    of: x509.CertificateRevocationList | x509.Certificate, kind: type[Kind]
) -> Kind | None:
    """The extension; None if it is missing, or if the extensions of a certificate cannot be read."""
    try:
        return of.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except ValueError:
        if isinstance(of, x509.Certificate):
            return None
        raise
