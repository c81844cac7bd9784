"""The TLS endpoints in the objects of a Kubernetes cluster, by kind.

- Ingresses with ``tls``, at their hosts and port 443 (networking.k8s.io/v1); of a wildcard or a list without
  hosts, at the hosts of the rules
- Listeners of Gateways with the protocols HTTPS and TLS, at the listener's host name, else at those of the
  attached routes, else at the Gateway's addresses (gateway.networking.k8s.io)
- Services of type LoadBalancer with port 443 or a port named https or tls, and any with the annotation
  ``tlsprobe/port``
- the endpoints of webhooks and of aggregated API services

What yields no target is skipped, with the object's kind and name.

A TLS secret holds the certificate that an Ingress or Gateway should serve: only the leaf's SHA-256 is stored,
never the key.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from discovery.declared import declared_claims, leaf_sha256
from discovery.found import Location, SourceLocation, locations_of_objects, meta
from discovery.source import Skipped
from model.application_protocol import DEFAULT_PORT
from model.claims import Claim

Item: TypeAlias = Mapping[str, Any]
Items: TypeAlias = Mapping[str, Sequence[Item]]
"""The objects of a cluster by the API path of their list."""

_SOURCE: Final = "kubernetes"
"""The source of the claims."""

PORT_ANNOTATION: Final = "tlsprobe/port"

_GATEWAY_API: Final = "/apis/gateway.networking.k8s.io"
INGRESSES: Final = "/apis/networking.k8s.io/v1/ingresses"
GATEWAYS: Final = f"{_GATEWAY_API}/v1/gateways"
ROUTES: Final = (
    f"{_GATEWAY_API}/v1/httproutes",
    f"{_GATEWAY_API}/v1/grpcroutes",
    f"{_GATEWAY_API}/v1/tlsroutes",
)
EARLIER_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    GATEWAYS: (f"{_GATEWAY_API}/v1beta1/gateways",),
    ROUTES[0]: (f"{_GATEWAY_API}/v1beta1/httproutes",),
    ROUTES[1]: (f"{_GATEWAY_API}/v1alpha2/grpcroutes",),
    ROUTES[2]: (f"{_GATEWAY_API}/v1alpha3/tlsroutes", f"{_GATEWAY_API}/v1alpha2/tlsroutes"),
}
"""Where clusters with an earlier release of the Gateway API have the same lists, the newest first."""

SERVICES: Final = "/api/v1/services"
WEBHOOKS: Final = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
)
API_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
SECRETS: Final = "/api/v1/secrets"

_CLOUD_CERTIFICATES: Final = frozenset(
    {
        "alb.ingress.kubernetes.io/certificate-arn",
        "ingress.gcp.kubernetes.io/pre-shared-cert",
        "networking.gke.io/managed-certificates",
    }
)

RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "ingresses": (INGRESSES,),
    "gateways": (GATEWAYS, *ROUTES),
    "services": (SERVICES,),
    "webhooks": WEBHOOKS,
    "apiservices": (API_SERVICES,),
    "secrets": (SECRETS,),
}
"""The names that the user may configure, and the API lists behind each."""


def locations_of(items: Items) -> Iterator[Location]:
    """All TLS endpoints of the cluster, and the objects that yield none."""
    cluster = _Cluster(items)
    kinds: tuple[tuple[str, str, Callable[[Item, str], Iterator[Location]]], ...] = (
        ("Ingress", INGRESSES, cluster.ingress),
        ("Gateway", GATEWAYS, cluster.gateway),
        ("Service", SERVICES, _service),
        *(("Webhook", path, _webhooks) for path in WEBHOOKS),
        ("APIService", API_SERVICES, _api_service),
    )
    for kind, path, read in kinds:
        yield from locations_of_objects(items.get(path, ()), partial(_place, kind), read)


class _Cluster:
    """The objects that others refer to: secrets by namespace and name, and routes."""

    def __init__(self, items: Items) -> None:
        self._reads_secrets = SECRETS in items
        self._leaves = dict(_leaves(items.get(SECRETS, ())))
        self._routes = [route for path in ROUTES for route in items.get(path, ())]

    def ingress(self, item: Item, place: str) -> Iterator[Location]:
        namespace = _metadata(item).get("namespace")
        ruled = [str(rule["host"]) for rule in _of(item, "spec", "rules") or () if rule.get("host")]
        listed = _of(item, "spec", "tls") or ()
        for one in listed:
            secret = one.get("secretName")
            labels = _about("Ingress", item, {"tls_secret": secret})
            claims, missing = self._claims([(namespace, secret)] if secret else [], place)
            yield from (Skipped(place=place, problem=problem) for problem in missing)
            for host in one.get("hosts") or ruled or ("",):
                yield from _at_hosts(str(host), ruled, labels, claims, place)
        if not listed and (named := _CLOUD_CERTIFICATES.intersection(_annotations(item))):
            problem = f"its certificate is in the annotation {min(named)}: list its hosts in a targets file"
            yield Skipped(place=place, problem=problem)

    def gateway(self, item: Item, place: str) -> Iterator[Location]:
        own_namespace = _metadata(item).get("namespace")
        for listener in _of(item, "spec", "listeners") or ():
            if listener.get("protocol") not in {"HTTPS", "TLS"}:
                continue
            secrets = [
                (one.get("namespace") or own_namespace, one.get("name"))
                for one in _of(listener, "tls", "certificateRefs") or ()
            ]
            name = secrets[0][1] if secrets else None
            labels = _about("Gateway", item, {"listener": listener.get("name"), "tls_secret": name})
            its_place = f"{place}, listener {listener.get('name')}"
            claims, missing = self._claims(secrets, its_place)
            yield from (Skipped(place=its_place, problem=problem) for problem in missing)
            port = int(listener.get("port") or DEFAULT_PORT)
            hosts = self._hosts_of(item, listener)
            for host in hosts:
                yield SourceLocation(
                    host=host, port=port, labels=labels, claims=claims, place=its_place
                )
            if not hosts:
                problem = "neither the listener, its routes nor the Gateway's status has a name or address"
                yield Skipped(place=its_place, problem=problem)

    def _hosts_of(self, gateway: Item, listener: Item) -> list[str]:
        own = str(listener.get("hostname") or "")
        if own and not own.startswith("*"):
            return [own]
        routed = [
            str(host)
            for route in self._routes
            if _is_attached(route, gateway, listener)
            for host in _of(route, "spec", "hostnames") or ()
            if not str(host).startswith("*") and fnmatchcase(str(host), own or "*")
        ]
        if own or routed:
            return list(dict.fromkeys(routed))
        addresses = _of(gateway, "status", "addresses") or ()
        return [str(one["value"]) for one in addresses if one.get("value")]

    def _claims(
        self, secrets: Sequence[tuple[Any, Any]], place: str
    ) -> tuple[tuple[Claim, ...], list[str]]:
        """The claim that the secrets' certificates are served, if all are known; and what is wrong with the others."""
        leaves = {secret: self._leaves.get((str(secret[0]), str(secret[1]))) for secret in secrets}
        known = [leaf for leaf in leaves.values() if leaf is not None]
        missing = [
            f"the secret {space}/{name} is not in the cluster or has no certificate, so none is declared"
            for (space, name), leaf in leaves.items()
            if leaf is None and self._reads_secrets
        ]
        if len(known) < len(leaves):
            known = []
        return declared_claims(known, source=_SOURCE, resource=place), missing


def _at_hosts(
    host: str,
    ruled: Sequence[str],
    labels: Mapping[str, str],
    claims: tuple[Claim, ...],
    place: str,
) -> Iterator[Location]:
    """At ``host``; of a wildcard, at the hosts of the rules that it covers (one label, as in RFC 9525)."""
    hosts = [host]
    if host.startswith("*"):
        hosts = [one for one in ruled if one.partition(".")[2] == host.removeprefix("*.")]
        hosts = [one for one in hosts if not one.startswith("*")]
    if not any(hosts):
        problem = f"the wildcard {host} has no name to ask for" if host else "spec.tls has no hosts"
        yield Skipped(place=place, problem=f"{problem}: list names in a targets file")
        return
    for one in hosts:
        yield SourceLocation(host=one, port=DEFAULT_PORT, labels=labels, claims=claims, place=place)


def _leaves(secrets: Sequence[Item]) -> Iterator[tuple[tuple[str, str], str]]:
    """A secret without a readable certificate is left out: an Ingress or Gateway that refers to it says so."""
    for secret in secrets:
        try:
            metadata = _metadata(secret)
            namespace, name = str(metadata.get("namespace")), str(metadata.get("name"))
            text = str(_of(secret, "data", "tls.crt") or "")
            sha256 = leaf_sha256(base64.b64decode(text))
        except (AttributeError, ValueError):
            continue
        if sha256 is not None:
            yield (namespace, name), sha256


def _is_attached(route: Item, gateway: Item, listener: Item) -> bool:
    """Whether one of the route's parents is this Gateway, and this listener if the parent names one.

    Unless the listener allows others, only routes of the Gateway's namespace are attached.
    """
    metadata, own = _metadata(gateway), _metadata(route).get("namespace")
    allowed = _of(listener, "allowedRoutes", "namespaces", "from") or "Same"
    if allowed == "Same" and own != metadata.get("namespace"):
        return False
    for parent in _of(route, "spec", "parentRefs") or ():
        namespace = parent.get("namespace") or own
        if (
            parent.get("kind", "Gateway") == "Gateway"
            and (parent.get("name"), namespace) == (metadata.get("name"), metadata.get("namespace"))
            and parent.get("sectionName") in {None, listener.get("name")}
            and parent.get("port") in {None, listener.get("port")}
        ):
            return True
    return False


def _service(item: Item, place: str) -> Iterator[Location]:
    metadata = _metadata(item)
    labels = _about("Service", item)
    wanted = str(_annotations(item).get(PORT_ANNOTATION, ""))
    for text in wanted.split(",") if wanted else ():
        if re.fullmatch(r"[0-9]{1,5}", text.strip()):
            host = f"{metadata.get('name')}.{metadata.get('namespace')}.svc"
            yield SourceLocation(host=host, port=int(text), labels=labels, place=place)
        else:
            problem = f"the annotation {PORT_ANNOTATION} is {wanted!r}: use port numbers"
            yield Skipped(place=place, problem=problem)
    if _of(item, "spec", "type") != "LoadBalancer":
        return
    balancers = _of(item, "status", "loadBalancer", "ingress") or ()
    ports = [port for port in _of(item, "spec", "ports") or () if _is_tls_port(port)]
    if ports and not balancers:
        yield Skipped(place=place, problem="the load balancer has no address yet")
    for port in ports:
        for balancer in balancers:
            host = balancer.get("hostname") or balancer.get("ip") or ""
            yield SourceLocation(host=str(host), port=int(port["port"]), labels=labels, place=place)


def _is_tls_port(port: Item) -> bool:
    name = re.split(r"[-\d]", str(port.get("name") or ""), maxsplit=1)[0]
    is_named = name in {"https", "tls"} or port.get("appProtocol") in {"https", "tls"}
    return port.get("port") == DEFAULT_PORT or is_named


def _webhooks(item: Item, place: str) -> Iterator[Location]:
    for webhook in item.get("webhooks") or ():
        labels = _about("Webhook", item)
        service, url = (_of(webhook, "clientConfig", name) for name in ("service", "url"))
        if service:
            yield _cluster_service(service, labels, place)
        elif url:
            yield _at_url(str(url), labels, place)


def _at_url(url: str, labels: Mapping[str, str], place: str) -> Location:
    try:
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            return SourceLocation(
                host=parts.hostname, port=parts.port or DEFAULT_PORT, labels=labels, place=place
            )
    except ValueError:
        pass
    return Skipped(place=place, problem=f"{url!r} is not a URL with https and a host")


def _api_service(item: Item, place: str) -> Iterator[Location]:
    service = _of(item, "spec", "service")
    if service:
        yield _cluster_service(service, _about("APIService", item), place)


def _cluster_service(service: Item, labels: Mapping[str, str], place: str) -> SourceLocation:
    """The name that the API server itself verifies: <service>.<namespace>.svc."""
    host = f"{service.get('name')}.{service.get('namespace')}.svc"
    port = int(service.get("port") or DEFAULT_PORT)
    return SourceLocation(host=host, port=port, labels=labels, place=place)


def _about(kind: str, item: Item, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
    metadata = _metadata(item)
    named = {
        "kind": kind,
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name"),
        **(extra or {}),
    }
    return (
        meta("kubernetes", named)
        | meta("kubernetes_label", metadata.get("labels") or {})
        | meta("kubernetes_annotation", _annotations(item))
    )


def _place(kind: str, item: Item) -> str:
    metadata = item.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    parts = (named.get("namespace"), named.get("name"))
    return f"{kind} {'/'.join(str(part) for part in parts if part) or 'without a name'}"


def _annotations(item: Item) -> Item:
    found: Item = _metadata(item).get("annotations") or {}
    return found


def _metadata(item: Item) -> Item:
    found: Item = item.get("metadata") or {}
    return found


def _of(item: Item, *names: str) -> Any:
    """The value at this path of nested names; None if one is missing."""
    found: Any = item
    for name in names:
        found = (found or {}).get(name)
    return found
