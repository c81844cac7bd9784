"""CloudFront: distributions at their own name and their aliases, and their origins.

AWS has no call for what a security policy means, so ``data/cloudfront_policies.csv`` says it. The policy of a
distribution holds for its aliases; its name under cloudfront.net has CloudFront's own certificate, and no policy
that AWS states unless that certificate is the only one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import (
    MUTUAL_TLS,
    claimed,
    known_version,
    offers,
    only_suites,
    since,
)
from discovery.found import Location
from discovery.source import Skipped
from model.claims import Claim, ClaimedRule

_TABLE: Final = Path(__file__).parent.parent / "data" / "cloudfront_policies.csv"
_PORT: Final = 443
_LIST: Final = "ListDistributions"
_HTTPS_ONLY: Final = (
    "CloudFront answers HTTP with status 403, which proves nothing about its other paths"
)


def read_cloudfront(api: AwsApi) -> Iterator[Location]:
    """All enabled distributions."""
    certificates = Certificates(api)
    for distribution in api.each("cloudfront.ListDistributions"):
        if distribution.get("Enabled"):
            yield from _locations(api, distribution, certificates)


def _locations(api: AwsApi, distribution: Answer, certificates: Certificates) -> Iterator[Location]:
    found = Resource(
        api=api,
        kind="cloudfront_distribution",
        name=distribution["Id"],
        arn=distribution["ARN"],
        more={"comment": distribution.get("Comment")},
    )
    viewer: Mapping[str, Any] = distribution.get("ViewerCertificate") or {}
    certificate = viewer.get("ACMCertificateArn") or ""
    has_own = bool(certificate or viewer.get("IAMCertificateId"))
    redirect = _redirect_claim(found, distribution)
    policy = _policy_claim(found, viewer)
    yield found.at(distribution["DomainName"], _PORT, None if has_own else policy, redirect)
    own = [policy, _certificate_claim(found, certificate, certificates)] if has_own else []
    mutual = _mutual_tls_claim(found, distribution)
    for alias in (distribution.get("Aliases") or {}).get("Items", ()):
        if alias.startswith("*."):
            problem = f"the alias {alias} has no single name: add a target with a name under it"
            yield Skipped(place=f"account {api.account}, {found.arn}", problem=problem)
        else:
            yield found.at(alias, _PORT, *own, mutual, redirect)
    yield from _origins(found, distribution)


def _policy_claim(found: Resource, viewer: Mapping[str, Any]) -> Claim | None:
    name = viewer.get("MinimumProtocolVersion")
    if not name:
        return None
    rules = _policies().get(name, ())
    return found.claim(
        "cloudfront_security_policy",
        f"distribution {found.name} uses the security policy {name}",
        _LIST,
        rules,
        "" if rules else f"tlsprobe does not know what {name} allows",
    )


@cache
def _policies() -> Mapping[str, tuple[ClaimedRule, ...]]:
    rows = csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines())
    return {row["policy"]: _policy_rules(row) for row in rows}


def _policy_rules(row: Mapping[str, str]) -> tuple[ClaimedRule, ...]:
    version = known_version(row["min_protocol"])
    suites = only_suites(row["cipher_suites"].split())
    return () if version is None else (*offers(since(version)), *suites)


def _certificate_claim(found: Resource, arn: str, certificates: Certificates) -> Claim | None:
    if not arn:
        return None
    said = f"distribution {found.name} serves the certificate {arn}"
    return certificates.claim(found, arn, "cloudfront_certificate", said, _LIST)


def _mutual_tls_claim(found: Resource, distribution: Answer) -> Claim | None:
    if (distribution.get("ViewerMtlsConfig") or {}).get("Mode") != "required":
        return None
    said = f"distribution {found.name} requires client certificates"
    return found.claim("cloudfront_mutual_tls", said, _LIST, MUTUAL_TLS)


def _redirect_claim(found: Resource, distribution: Answer) -> Claim | None:
    policy = (distribution.get("DefaultCacheBehavior") or {}).get("ViewerProtocolPolicy")
    if policy == "redirect-to-https":
        said = f"distribution {found.name} redirects HTTP to HTTPS"
        rules = [claimed("https_redirect")]
        return found.claim("cloudfront_https_redirect", said, _LIST, rules)
    if policy == "https-only":
        said = f"distribution {found.name} refuses HTTP"
        return found.claim("cloudfront_https_only", said, _LIST, unprovable=_HTTPS_ONLY)
    return None


def _origins(found: Resource, distribution: Answer) -> Iterator[Location]:
    """The origins to which CloudFront connects by HTTPS only; those in S3 and in a VPC have no settings of TLS."""
    for origin in (distribution.get("Origins") or {}).get("Items", ()):
        custom: Mapping[str, Any] = origin.get("CustomOriginConfig") or {}
        if custom.get("OriginProtocolPolicy") == "https-only":
            named = replace(found, kind="cloudfront_origin", name=origin["DomainName"])
            claim = _origin_claim(named, found.name, custom)
            yield named.at(origin["DomainName"], custom["HTTPSPort"], claim)


def _origin_claim(origin: Resource, distribution: str, custom: Mapping[str, Any]) -> Claim | None:
    """CloudFront takes the newest version that the origin offers too: less than its own newest is not as declared."""
    names = (custom.get("OriginSslProtocols") or {}).get("Items", ())
    versions = [version for name in names if (version := known_version(name)) is not None]
    if not versions or len(versions) < len(names):
        return None
    newest = max(versions).label
    said = f"distribution {distribution} connects to {origin.name} by HTTPS only, with {newest}"
    rules = [claimed("protocol_versions_required", versions=[newest])]
    return origin.claim("cloudfront_origin_tls", said, _LIST, rules)
