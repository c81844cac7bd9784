"""Google Cloud's load balancers: the addresses of forwarding rules, with what SSL policies and certificates claim.

The fields are those of cloud.google.com/compute/docs/reference/rest/v1. Of a proxy with a certificate map the names
are not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from discovery.cloud.google.lists import Project, path
from discovery.cloud.google.resource import GoogleResource
from discovery.cloud.tls_rules import at_least, only_suites
from discovery.declared import leaf_sha256
from discovery.found import (
    JsonObject,
    Location,
    SourceLocation,
    locations_of_objects,
    meta,
)
from model.claims import Claim, ClaimedRule
from model.claims.declared import certificate_claim
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES

_VERSIONS: Final = {
    "TLS_1_0": ProtocolVersion.TLSV1_0,
    "TLS_1_1": ProtocolVersion.TLSV1_1,
    "TLS_1_2": ProtocolVersion.TLSV1_2,
    "TLS_1_3": ProtocolVersion.TLSV1_3,
}
_TLS13_SUITES: Final = tuple(
    suite.name for suite in CIPHER_SUITES if suite.min_version is ProtocolVersion.TLSV1_3
)
"""No policy lists them, and each permits some of them."""


def _locations(project: Project, rules: Iterable[JsonObject]) -> Iterator[Location]:
    """The targets at these forwarding rules: one for each name, or else each address, at which a proxy ends TLS."""
    return locations_of_objects(rules, _place, lambda rule, place: _at(project, rule, place))


LOAD_BALANCERS: Final = GoogleResource(
    kind="forwardingRules",
    lists={
        "forwardingRules": "aggregated/forwardingRules",
        "targetHttpsProxies": "aggregated/targetHttpsProxies",
        # SSL proxies are global.
        "targetSslProxies": "global/targetSslProxies",
        "sslPolicies": "aggregated/sslPolicies",
        "sslCertificates": "aggregated/sslCertificates",
    },
    locations=_locations,
)


def _place(rule: JsonObject) -> str:
    return f"forwarding rule {path(str(rule.get('selfLink')))}"


def _at(project: Project, rule: JsonObject, place: str) -> Iterator[Location]:
    """The targets at a forwarding rule; none if it leads to something that ends no TLS."""
    proxy = project.linked("targetHttpsProxies", rule.get("target")) or project.linked(
        "targetSslProxies", rule.get("target")
    )
    if proxy is None:
        return
    certificates = [
        one
        for link in proxy.get("sslCertificates") or ()
        if (one := project.linked("sslCertificates", link)) is not None
    ]
    resource = path(str(rule["selfLink"]))
    claims = (
        _policy_claim(project, proxy, rule, resource),
        *_certificate_claims(proxy, certificates, resource),
    )
    labels = meta(
        "google",
        {
            "project": project.name,
            "forwarding_rule": rule.get("name"),
            "target_proxy": proxy.get("name"),
            "region": path(str(rule.get("region") or "")).rpartition("/")[2] or "global",
            "scheme": rule.get("loadBalancingScheme"),
        },
    )
    first, _, last = str(rule.get("portRange") or "443").partition("-")
    for port in range(int(first), int(last or first) + 1):
        for name in _names(certificates) or [None]:
            yield SourceLocation(
                host=str(rule["IPAddress"]),
                port=port,
                server_name=name,
                labels=labels,
                claims=claims,
                place=place,
            )


def _names(certificates: Sequence[JsonObject]) -> list[str | None]:
    """The names of the certificates, without wildcards, which no client asks for."""
    names = [name for one in certificates for name in one.get("subjectAlternativeNames") or ()]
    return list(dict.fromkeys(str(name) for name in names if not str(name).startswith("*")))


def _policy_claim(project: Project, proxy: JsonObject, rule: JsonObject, resource: str) -> Claim:
    policy = project.linked("sslPolicies", proxy.get("sslPolicy"))
    name, source = rule.get("name"), "Google Cloud sslPolicies"
    if policy is None and proxy.get("sslPolicy"):
        said = f"{name} uses the SSL policy {path(str(proxy['sslPolicy']))}"
        has_problems = bool(project.lists["sslPolicies"].problems)
        why = (
            "the list sslPolicies could not be read"
            if has_problems
            else "sslPolicies does not list this policy"
        )
        return Claim(
            name="google_ssl_policy",
            statement=said,
            source=source,
            resource=resource,
            unprovable=why,
        )
    if policy is None:
        shown, rules = "no SSL policy, which permits TLS 1.0", at_least(ProtocolVersion.TLSV1_0)
    else:
        shown = f"the SSL policy {policy.get('name')} ({policy.get('profile')}, {policy.get('minTlsVersion')})"
        rules = _rules(policy)
    return Claim(
        name="google_ssl_policy",
        statement=f"{name} uses {shown}",
        source=source,
        resource=resource,
        rules=rules,
        unprovable="" if rules else "the policy has a TLS version that tlsprobe does not know",
    )


def _rules(policy: JsonObject) -> tuple[ClaimedRule, ...]:
    least = _VERSIONS.get(str(policy.get("minTlsVersion")))
    if least is None:
        return ()
    enabled = [str(name) for name in policy.get("enabledFeatures") or ()]
    return (*at_least(least), *(only_suites([*enabled, *_TLS13_SUITES]) if enabled else ()))


def _certificate_claims(
    proxy: JsonObject, certificates: Sequence[JsonObject], resource: str
) -> Iterator[Claim]:
    """The leaf that is served is one of the proxy's; nothing is claimed unless all are known."""
    leaves = [leaf_sha256(str(one.get("certificate") or "").encode()) for one in certificates]
    is_whole = len(leaves) == len(proxy.get("sslCertificates") or ()) and None not in leaves
    if leaves and is_whole and not proxy.get("certificateMap"):
        known = frozenset(one for one in leaves if one is not None)
        yield certificate_claim(known, "Google Cloud sslCertificates", resource)
