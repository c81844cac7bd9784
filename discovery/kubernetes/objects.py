"""The TLS endpoints in the objects of a Kubernetes cluster, by kind.

- Ingresses with ``tls``, at their hosts and port 443 (networking.k8s.io/v1)
- Listeners of Gateways with the protocols HTTPS and TLS, at the listener's host name, else at those of the
  attached routes, else at the Gateway's addresses (gateway.networking.k8s.io)
- Services of type LoadBalancer with port 443 or a port named https or tls, and any with the annotation
  ``tlsprobe/port``
- the endpoints of webhooks and of aggregated API services

A TLS secret holds the certificate that an Ingress or Gateway should serve: only the leaf's SHA-256 is stored,
never the key.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from discovery.declared import declaring, leaf_sha256
from discovery.found import SourceLocation, meta
from model.application_protocol import DEFAULT_PORT

Item: TypeAlias = Mapping[str, Any]
Items: TypeAlias = Mapping[str, Sequence[Item]]
"""The objects of a cluster by the API path of their list."""

PORT_ANNOTATION: Final = "tlsprobe/port"

_GATEWAY_API: Final = "/apis/gateway.networking.k8s.io"
INGRESSES: Final = "/apis/networking.k8s.io/v1/ingresses"
GATEWAYS: Final = f"{_GATEWAY_API}/v1/gateways"
ROUTES: Final = (
    f"{_GATEWAY_API}/v1/httproutes",
    f"{_GATEWAY_API}/v1/grpcroutes",
    f"{_GATEWAY_API}/v1alpha2/tlsroutes",
)
SERVICES: Final = "/api/v1/services"
WEBHOOKS: Final = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
)
API_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
SECRETS: Final = "/api/v1/secrets"

RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "ingresses": (INGRESSES,),
    "gateways": (GATEWAYS, *ROUTES),
    "services": (SERVICES,),
    "webhooks": WEBHOOKS,
    "apiservices": (API_SERVICES,),
    "secrets": (SECRETS,),
}
"""The names that the user may configure, and the API lists behind each."""


def places_of(items: Items) -> Iterator[SourceLocation]:
    """All TLS endpoints of the cluster."""
    cluster = _Cluster(items)
    kinds: tuple[tuple[str, Callable[[Item], Iterator[SourceLocation]]], ...] = (
        (INGRESSES, cluster.ingress),
        (GATEWAYS, cluster.gateway),
        (SERVICES, _service),
        *((path, _webhooks) for path in WEBHOOKS),
        (API_SERVICES, _api_service),
    )
    for path, read in kinds:
        for item in items.get(path, ()):
            yield from read(item)


class _Cluster:
    """The objects that others refer to: secrets by namespace and name, and routes."""

    def __init__(self, items: Items) -> None:
        self._leaves = dict(_leaves(items.get(SECRETS, ())))
        self._routes = [route for path in ROUTES for route in items.get(path, ())]

    def ingress(self, item: Item) -> Iterator[SourceLocation]:
        namespace = _metadata(item).get("namespace")
        for one in _of(item, "spec", "tls") or ():
            secret = one.get("secretName")
            labels = _about("Ingress", item, {"tls_secret": secret})
            labels |= self._expected([(namespace, secret)])
            for host in one.get("hosts") or ():
                if not str(host).startswith("*"):
                    yield SourceLocation(host=str(host), port=DEFAULT_PORT, labels=labels)

    def gateway(self, item: Item) -> Iterator[SourceLocation]:
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
            labels |= self._expected(secrets)
            port = int(listener.get("port") or DEFAULT_PORT)
            for host in self._hosts_of(item, listener):
                yield SourceLocation(host=host, port=port, labels=labels)

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

    def _expected(self, secrets: Sequence[tuple[Any, Any]]) -> dict[str, str]:
        """The labels that declare the secrets' certificates, if all of them are known."""
        leaves = [self._leaves.get((str(space), str(name))) for space, name in secrets]
        known = [leaf for leaf in leaves if leaf is not None]
        return declaring(known) if len(known) == len(leaves) else {}


def _leaves(secrets: Sequence[Item]) -> Iterator[tuple[tuple[str, str], str]]:
    for secret in secrets:
        metadata = _metadata(secret)
        text = str(_of(secret, "data", "tls.crt") or "")
        try:
            sha256 = leaf_sha256(base64.b64decode(text).decode("ascii", "replace"))
        except ValueError:
            continue
        if sha256 is not None:
            yield (str(metadata.get("namespace")), str(metadata.get("name"))), sha256


def _is_attached(route: Item, gateway: Item, listener: Item) -> bool:
    """Whether one of the route's parents is this Gateway, and this listener if the parent names one."""
    metadata = _metadata(gateway)
    for parent in _of(route, "spec", "parentRefs") or ():
        namespace = parent.get("namespace") or _metadata(route).get("namespace")
        if (
            parent.get("kind", "Gateway") == "Gateway"
            and (parent.get("name"), namespace) == (metadata.get("name"), metadata.get("namespace"))
            and parent.get("sectionName") in {None, listener.get("name")}
            and parent.get("port") in {None, listener.get("port")}
        ):
            return True
    return False


def _service(item: Item) -> Iterator[SourceLocation]:
    metadata = _metadata(item)
    labels = _about("Service", item)
    wanted = str((metadata.get("annotations") or {}).get(PORT_ANNOTATION, ""))
    if wanted.isdigit():
        host = f"{metadata.get('name')}.{metadata.get('namespace')}.svc"
        yield SourceLocation(host=host, port=int(wanted), labels=labels)
    if _of(item, "spec", "type") != "LoadBalancer":
        return
    balancers = _of(item, "status", "loadBalancer", "ingress") or ()
    for port in _of(item, "spec", "ports") or ():
        is_tls = port.get("port") == DEFAULT_PORT or port.get("name") in {"https", "tls"}
        for balancer in balancers if is_tls else ():
            host = balancer.get("hostname") or balancer.get("ip") or ""
            yield SourceLocation(host=str(host), port=int(port["port"]), labels=labels)


def _webhooks(item: Item) -> Iterator[SourceLocation]:
    for webhook in item.get("webhooks") or ():
        labels = _about("Webhook", item)
        service, url = (_of(webhook, "clientConfig", name) for name in ("service", "url"))
        if service:
            yield _cluster_service(service, labels)
        elif url:
            yield from _at_url(str(url), labels)


def _at_url(url: str, labels: Mapping[str, str]) -> Iterator[SourceLocation]:
    try:
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            yield SourceLocation(
                host=parts.hostname, port=parts.port or DEFAULT_PORT, labels=labels
            )
    except ValueError:
        return


def _api_service(item: Item) -> Iterator[SourceLocation]:
    service = _of(item, "spec", "service")
    if service:
        yield _cluster_service(service, _about("APIService", item))


def _cluster_service(service: Item, labels: Mapping[str, str]) -> SourceLocation:
    """The name that the API server itself verifies: <service>.<namespace>.svc."""
    host = f"{service.get('name')}.{service.get('namespace')}.svc"
    return SourceLocation(host=host, port=int(service.get("port") or DEFAULT_PORT), labels=labels)


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
        | meta("kubernetes_annotation", metadata.get("annotations") or {})
    )


def _metadata(item: Item) -> Item:
    found: Item = item.get("metadata") or {}
    return found


def _of(item: Item, *names: str) -> Any:
    """The value at this path of nested names; None if one is missing."""
    found: Any = item
    for name in names:
        found = (found or {}).get(name)
    return found
