"""AWS Private CA: with which keys the authorities sign, until when, and how they say what is revoked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location

_LIST: Final = "ListCertificateAuthorities"
_UNSEEN: Final = "an authority has no endpoint: a probe sees only certificates that it has issued"


def read_private_ca(api: AwsApi) -> Iterator[Location]:
    """All active authorities."""
    for authority in api.each(f"acm-pca.{_LIST}"):
        if authority.get("Status") != "ACTIVE":
            continue
        configured: Mapping[str, Any] = authority.get("CertificateAuthorityConfiguration") or {}
        subject = configured.get("Subject") or {}
        found = Resource(
            api=api,
            kind="private_ca",
            name=subject.get("CommonName") or authority["Arn"],
            arn=authority["Arn"],
        )
        said = (
            f"the private CA {found.name} signs with a key {configured.get('KeyAlgorithm', 'unknown')} "
            f"({configured.get('SigningAlgorithm', 'unknown')}){_until(authority)}, {_revocation(authority)}"
        )
        yield found.own(found.claim("private_ca_signing", said, _LIST, unprovable=_UNSEEN))


def _until(authority: Answer) -> str:
    return f" until {authority['NotAfter']:%Y-%m-%d}" if "NotAfter" in authority else ""


def _revocation(authority: Answer) -> str:
    if authority.get("UsageMode") == "SHORT_LIVED_CERTIFICATE":
        return "for short-lived certificates"
    configured = authority.get("RevocationConfiguration") or {}
    ways = [
        name
        for name, key in (("OCSP", "OcspConfiguration"), ("a CRL", "CrlConfiguration"))
        if (configured.get(key) or {}).get("Enabled")
    ]
    return f"with {' and '.join(ways)}" if ways else "without OCSP and CRL"
