"""AWS Certificate Manager: renewal, export and use of each certificate.

The claims are about the ARN, which the targets that serve the certificate have: there, a visit shows whether it was
renewed in time. ``aws.certificates`` claims that the certificate itself is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import in_time
from discovery.found import Location
from model.claims import Claim

_LIST: Final = "ListCertificates"
_DESCRIBE: Final = "DescribeCertificate"
_KEY_TYPES: Final = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
"""Without them, AWS lists certificates with short RSA keys only."""
_RENEWAL_BEGINS: Final = timedelta(days=60)
_FAILING: Final = frozenset({"PENDING_VALIDATION", "FAILED"})
_UNUSED: Final = "nothing in AWS uses the certificate, so no endpoint serves it"
_UNREAD: Final = "no endpoint that was read serves the certificate"
_KEYS_UNSEEN: Final = "no probe can see who has a copy of a private key"
_RENEWAL_UNSEEN: Final = "no probe can see ACM validate a name"


def read_acm(api: AwsApi) -> Iterator[Location]:
    """All issued certificates."""
    for listed in api.each(f"acm.{_LIST}", Includes={"keyTypes": list(_KEY_TYPES)}):
        if listed.get("Status", "ISSUED") != "ISSUED":
            continue
        found = Resource(
            api=api,
            kind="acm_certificate",
            name=listed.get("DomainName") or listed["CertificateArn"],
            arn=listed["CertificateArn"],
        )
        for claim in _claims(found, listed):
            yield found.own(claim)


def _claims(found: Resource, listed: Answer) -> Iterator[Claim]:
    ends = f", which ends at {listed['NotAfter']:%Y-%m-%d}" if "NotAfter" in listed else ""
    if not listed.get("InUse"):
        key = listed.get("KeyAlgorithm", "unknown")
        usage = f" for {listed['CertificateUsage']}" if listed.get("CertificateUsage") else ""
        said = f"ACM has a certificate of {found.name}{usage} with a key {key}{ends}"
        yield found.claim("acm_certificate", said, _LIST, unprovable=_UNUSED)
    elif listed.get("RenewalEligibility") == "ELIGIBLE":
        said = f"ACM renews the certificate of {found.name}{ends}, in time"
        yield found.claim("acm_renewal", said, _LIST, in_time(), _UNREAD)
        yield from _failing_renewal(found, listed)
    if listed.get("ExportOption") == "ENABLED":
        was = "was exported" if listed.get("Exported") else "may be exported"
        said = f"the private key of the certificate of {found.name} {was} from ACM"
        yield found.claim("acm_export", said, _LIST, unprovable=_KEYS_UNSEEN)


def _failing_renewal(found: Resource, listed: Answer) -> Iterator[Claim]:
    """Asked only once the renewal may have begun."""
    if "NotAfter" not in listed or listed["NotAfter"] - found.api.now > _RENEWAL_BEGINS:
        return
    answer = found.api.one(f"acm.{_DESCRIBE}", CertificateArn=found.arn) or {}
    renewal = (answer.get("Certificate") or {}).get("RenewalSummary") or {}
    if renewal.get("RenewalStatus") in _FAILING:
        why = renewal.get("RenewalStatusReason")
        reason = f"{renewal['RenewalStatus']}, {why}" if why else renewal["RenewalStatus"]
        said = f"ACM cannot renew the certificate of {found.name} ({reason})"
        yield found.weakness("acm_renewal_fails", said, _DESCRIBE, _RENEWAL_UNSEEN)
