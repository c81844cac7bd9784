"""Amazon OpenSearch Service: domains, at AWS's names and at their own, and serverless collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.certificates import Certificates
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import at_least, claimed
from discovery.found import Location
from model.claims import Claim
from model.protocol_version import ProtocolVersion

_AT_ONCE: Final = 5
_COLLECTIONS_AT_ONCE: Final = 100
_DESCRIBE: Final = "DescribeDomains"
_PORT: Final = 443
_LEAST: Final = {
    "Policy-Min-TLS-1-0-": ProtocolVersion.TLSV1_0,
    "Policy-Min-TLS-1-2-": ProtocolVersion.TLSV1_2,
}


def read_opensearch(api: AwsApi) -> Iterator[Location]:
    """All domains and collections."""
    names = [one["DomainName"] for one in api.each("opensearch.ListDomainNames")]
    certificates = Certificates(api)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        for domain in api.each("opensearch.DescribeDomains", DomainNames=some):
            yield from _domain(api, domain, certificates)
    ids = [one["id"] for one in api.each("opensearchserverless.ListCollections")]
    for start in range(0, len(ids), _COLLECTIONS_AT_ONCE):
        some = ids[start : start + _COLLECTIONS_AT_ONCE]
        for collection in api.each("opensearchserverless.BatchGetCollection", ids=some):
            yield from _collection(api, collection)


def _collection(api: AwsApi, collection: Answer) -> Iterator[Location]:
    found = Resource(
        api=api, kind="opensearch_collection", name=collection["name"], arn=collection["arn"]
    )
    urls = (collection.get("collectionEndpoint"), collection.get("dashboardEndpoint"))
    for host in dict.fromkeys(urlsplit(url or "").hostname for url in urls):
        if host:
            yield found.at(host, _PORT)


def _domain(api: AwsApi, domain: Answer, certificates: Certificates) -> Iterator[Location]:
    found = Resource(
        api=api, kind="opensearch_domain", name=domain["DomainName"], arn=domain["ARN"]
    )
    options: Mapping[str, Any] = domain.get("DomainEndpointOptions") or {}
    claims = [_policy_claim(found, options), _https_claim(found, options)]
    hosts = [
        domain.get("Endpoint"),
        domain.get("EndpointV2"),
        *(domain.get("Endpoints") or {}).values(),
    ]
    for host in dict.fromkeys(one for one in hosts if one):
        yield found.at(host, _PORT, *claims)
    if options.get("CustomEndpointEnabled") and options.get("CustomEndpoint"):
        arn = options.get("CustomEndpointCertificateArn") or ""
        certificate = None
        if arn:
            said = f"domain {found.name} serves the certificate {arn}"
            certificate = certificates.claim(found, arn, "opensearch_certificate", said, _DESCRIBE)
        yield found.at(options["CustomEndpoint"], _PORT, *claims, certificate)


def _policy_claim(found: Resource, options: Mapping[str, Any]) -> Claim | None:
    name = options.get("TLSSecurityPolicy")
    if not name:
        return None
    least = next((one for start, one in _LEAST.items() if name.startswith(start)), None)
    said = f"domain {found.name} uses the security policy {name}"
    unknown = "" if least else f"tlsprobe does not know what {name} allows"
    rules = at_least(least) if least else ()
    return found.claim("opensearch_security_policy", said, _DESCRIBE, rules, unknown)


def _https_claim(found: Resource, options: Mapping[str, Any]) -> Claim | None:
    if not options.get("EnforceHTTPS"):
        return None
    said = f"domain {found.name} requires HTTPS"
    rules = [claimed("no_plaintext", redirect=True)]
    return found.claim("opensearch_https_required", said, _DESCRIBE, rules)
