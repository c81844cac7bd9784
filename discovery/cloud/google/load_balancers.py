"""Google Cloud's load balancers: the addresses of forwarding rules, with what SSL policies and certificates claim.

The lists are forwardingRules, targetHttpsProxies, targetSslProxies, sslPolicies and sslCertificates of the Compute
Engine API (cloud.google.com/compute/docs/reference/rest/v1). Of a proxy with a certificate map the names are not known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.cloud.tls_rules import at_least, only_suites
from discovery.declared import leaf_sha256
from discovery.found import (
    JsonObject,
    Location,
    SourceLocation,
    locations_of_objects,
    mappings,
    meta,
    read_locations,
)
from discovery.source import SourceError, SourceReading
from model.claims import Claim, ClaimedRule
from model.claims.declared import certificate_claim
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES

_MOST_PAGES: Final = 1000
_LISTS: Final[Mapping[str, str]] = {
    "forwardingRules": "aggregated/forwardingRules",
    "targetHttpsProxies": "aggregated/targetHttpsProxies",
    "targetSslProxies": "global/targetSslProxies",
    "sslPolicies": "aggregated/sslPolicies",
    "sslCertificates": "aggregated/sslCertificates",
}
"""The path of each list below the project; SSL proxies are global."""
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
_MEANINGS: Final[Mapping[int, str]] = {
    401: "the token is not valid, or has expired: write a new one to token_file",
    403: "its account may not read this: grant it the role roles/compute.networkViewer in the project, and enable the "
    "Compute Engine API",
    404: "there is no such project: check `project`",
    429: "the quota of the project is used up: raise refresh_seconds",
}
"""What an HTTP status means, and what to do."""


@frozen
class _Project:
    """The lists of one project, by the part of ``selfLink`` that begins with ``projects/``."""

    name: str
    lists: Mapping[str, Mapping[str, JsonObject]]

    def linked(self, kind: str, link: Any) -> JsonObject | None:
        """The resource to which another one refers."""
        return None if link is None else self.lists[kind].get(_path(str(link)))


async def read_google_load_balancers(
    api: WebApi, project: str, source: str, most: int = USUAL_MOST_TARGETS
) -> SourceReading:
    """A target for each name, or else each address, at which a proxy ends TLS; raises SourceError."""
    found = await asyncio.gather(*(_read(api, project, kind) for kind in _LISTS))
    of = _Project(name=project, lists=dict(zip(_LISTS, found, strict=True)))
    return await asyncio.to_thread(read_locations, _locations(of), source, most)


async def _read(api: WebApi, project: str, kind: str) -> Mapping[str, JsonObject]:
    """The whole list, page by page."""
    path = f"/compute/v1/projects/{project}/{_LISTS[kind]}"
    found: dict[str, JsonObject] = {}
    page: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        try:
            answer = await api.get(path, **page)
        except SourceError as error:
            meaning = _MEANINGS.get(error.status or 0)
            raise (
                error
                if meaning is None
                else SourceError(
                    f"Google Cloud refuses {kind} of {project}: {meaning}.", status=error.status
                )
            ) from None
        if not isinstance(answer, dict):
            raise SourceError(f"{api.url}{path} did not answer like the Compute Engine API.")
        for one in _items(answer, kind, path):
            found[_path(str(one.get("selfLink")))] = one
        if not (token := answer.get("nextPageToken")):
            return found
        page = {"pageToken": str(token)}
    raise SourceError(f"{kind} of {project} has more than {_MOST_PAGES} pages.")


def _items(answer: Mapping[str, Any], kind: str, path: str) -> Iterator[JsonObject]:
    """The resources of a list, or of each region of an aggregated one."""
    items = answer.get("items", [])
    if isinstance(items, dict):
        for scope, inside in items.items():
            of_scope = inside.get(kind, []) if isinstance(inside, dict) else inside
            yield from mappings(of_scope, f"{path}: {scope}")
    else:
        yield from mappings(items, path)


def _locations(project: _Project) -> Iterator[Location]:
    rules = project.lists["forwardingRules"].values()
    return locations_of_objects(rules, _place, lambda rule, place: _at(project, rule, place))


def _place(rule: JsonObject) -> str:
    return f"forwarding rule {_path(str(rule.get('selfLink')))}"


def _at(project: _Project, rule: JsonObject, place: str) -> Iterator[Location]:
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
    resource = _path(str(rule["selfLink"]))
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
            "region": _path(str(rule.get("region") or "")).rpartition("/")[2] or "global",
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


def _policy_claim(project: _Project, proxy: JsonObject, rule: JsonObject, resource: str) -> Claim:
    policy = project.linked("sslPolicies", proxy.get("sslPolicy"))
    name, source = rule.get("name"), "Google Cloud sslPolicies"
    if policy is None and proxy.get("sslPolicy"):
        said = f"{name} uses the SSL policy {_path(str(proxy['sslPolicy']))}"
        why = "sslPolicies does not list this policy"
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


def _path(link: str) -> str:
    """The part of a link that names the resource, whatever the host and the version of the API."""
    _, found, rest = link.partition("/projects/")
    return f"projects/{rest}" if found else link
