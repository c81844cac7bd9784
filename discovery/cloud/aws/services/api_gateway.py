"""API Gateway: custom domain names, and the APIs' own names under execute-api."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import (
    MUTUAL_TLS,
    at_least,
    offers,
    post_quantum,
    since,
)
from discovery.found import Location
from model.claims import Claim, ClaimedRule
from model.protocol_version import ProtocolVersion

_PORT: Final = 443
_GET: Final = "GetDomainNames"
_OLD_POLICIES: Final = {
    "TLS_1_0": at_least(ProtocolVersion.TLSV1_0),
    "TLS_1_2": at_least(ProtocolVersion.TLSV1_2),
}
_POLICY: Final = re.compile(r"SecurityPolicy_(TLS13_1_3|TLS13_1_2|TLS13_2025|TLS12)_")
_LEAST: Final = {
    "TLS13_1_3": ProtocolVersion.TLSV1_3,
    "TLS13_2025": ProtocolVersion.TLSV1_3,
    "TLS13_1_2": ProtocolVersion.TLSV1_2,
    "TLS12": ProtocolVersion.TLSV1_2,
}


def read_api_gateway(api: AwsApi) -> Iterator[Location]:
    """Domain names and APIs of both versions of API Gateway; the two list each other's regional domain names."""
    certificates = Certificates(api)
    for name in api.each("apigateway.GetDomainNames"):
        arns = [name.get("certificateArn"), name.get("regionalCertificateArn")]
        domain = _domain(api, name["domainName"], name.get("tags"))
        yield domain.at(
            domain.name,
            _PORT,
            _policy_claim(domain, name.get("securityPolicy")),
            _mutual_tls_claim(domain, name.get("mutualTlsAuthentication")),
            _certificate_claim(domain, arns, certificates),
        )
    for name in api.each("apigatewayv2.GetDomainNames"):
        configurations = name.get("DomainNameConfigurations", ())
        domain = _domain(api, name["DomainName"], name.get("Tags"))
        yield domain.at(
            domain.name,
            _PORT,
            *(_policy_claim(domain, one.get("SecurityPolicy")) for one in configurations),
            _mutual_tls_claim(domain, name.get("MutualTlsAuthentication")),
            _certificate_claim(
                domain, [one.get("CertificateArn") for one in configurations], certificates
            ),
        )
    yield from _rest_apis(api)
    yield from _v2_apis(api)


def _domain(api: AwsApi, name: str, tags: Any) -> Resource:
    arn = api.arn("apigateway", f"/domainnames/{name}")
    return Resource(api=api, kind="api_domain_name", name=name, arn=arn, tags=tags or {})


def policy_rules(name: str) -> tuple[ClaimedRule, ...]:
    """What a security policy of API Gateway says of versions; none if its name is unknown."""
    if name in _OLD_POLICIES:
        return _OLD_POLICIES[name]
    found = _POLICY.match(name)
    return (*offers(since(_LEAST[found[1]])), *post_quantum(name)) if found else ()


def _policy_claim(domain: Resource, name: str | None) -> Claim | None:
    if not name:
        return None
    rules = policy_rules(name)
    said = f"{domain.name} uses the security policy {name}"
    unknown = "" if rules else f"tlsprobe does not know what {name} allows"
    return domain.claim("api_gateway_security_policy", said, _GET, rules, unknown)


def _mutual_tls_claim(domain: Resource, mutual: Answer | None) -> Claim | None:
    store = (mutual or {}).get("truststoreUri") or (mutual or {}).get("TruststoreUri")
    if not store:
        return None
    said = f"{domain.name} verifies client certificates against {store}"
    return domain.claim("api_gateway_mutual_tls", said, _GET, MUTUAL_TLS)


def _certificate_claim(
    domain: Resource, arns: Sequence[str | None], certificates: Certificates
) -> Claim | None:
    """Only for a name with one certificate: during a migration between endpoint types it may have two."""
    known = [arn for arn in arns if arn]
    if len(known) != 1:
        return None
    said = f"{domain.name} serves the certificate {known[0]}"
    return certificates.claim(domain, known[0], "api_gateway_certificate", said, _GET)


def _rest_apis(api: AwsApi) -> Iterator[Location]:
    for one in api.each("apigateway.GetRestApis"):
        types = (one.get("endpointConfiguration") or {}).get("types", ())
        if one.get("disableExecuteApiEndpoint") or "PRIVATE" in types:
            continue
        found = Resource(
            api=api,
            kind="rest_api",
            name=one.get("name", one["id"]),
            arn=api.arn("apigateway", f"/restapis/{one['id']}"),
            tags=one.get("tags") or {},
        )
        host = f"{one['id']}.execute-api.{api.region}.{api.dns_suffix}"
        yield found.at(host, _PORT, _rest_policy_claim(found, one.get("securityPolicy")))


def _rest_policy_claim(found: Resource, name: str | None) -> Claim | None:
    rules = policy_rules(name or "")
    said = f"REST API {found.name} uses the security policy {name}"
    return found.claim("api_gateway_security_policy", said, "GetRestApis", rules) if rules else None


def _v2_apis(api: AwsApi) -> Iterator[Location]:
    for one in api.each("apigatewayv2.GetApis"):
        host = urlsplit(one.get("ApiEndpoint", "")).hostname
        if host and not one.get("DisableExecuteApiEndpoint"):
            found = Resource(
                api=api,
                kind="api",
                name=one.get("Name", one["ApiId"]),
                arn=api.arn("apigateway", f"/apis/{one['ApiId']}"),
                tags=one.get("Tags") or {},
            )
            yield found.at(host, _PORT)
