"""What a Kubernetes cluster serves with TLS, from its API; watched, not polled.

- Ingresses with ``tls``, at their hosts and port 443 (networking.k8s.io/v1)
- Gateways' listeners of the protocols HTTPS and TLS (gateway.networking.k8s.io/v1)
- Services of type LoadBalancer with a port 443 or one named https or tls, and any with the annotation
  ``tlsprobe/port``
- the endpoints of webhooks and of aggregated API services

Of TLS secrets the name alone is kept: it is the certificate that an Ingress or Gateway is expected to serve.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import httpx

from probe.discovery.found import Place, mappings, meta, targets_at
from probe.discovery.source import DiscoveryUpdate, SourceError
from probe.discovery.web import WebApi

Item: TypeAlias = Mapping[str, Any]

PORT_ANNOTATION: Final = "tlsprobe/port"
_HTTPS_PORT: Final = 443
_NOT_FOUND: Final = "HTTP status 404"
_CALM_SECONDS: Final = 1.0
"""Changes come in swarms; the cluster is read again when one is over."""


class KubernetesSource:
    """One cluster. ``refresh_seconds`` is after how long it is read again though nothing was heard."""

    def __init__(self, name: str, api: WebApi, *, refresh_seconds: float) -> None:
        self.name = name
        self._api = api
        self._refresh_seconds = refresh_seconds

    async def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """One update at the start, and one after each change."""
        while True:
            versions: dict[str, str] = {}
            try:
                places = [place async for place in self._places(versions)]
                yield DiscoveryUpdate(targets=targets_at(places, self.name), error=None)
            except SourceError as error:
                yield DiscoveryUpdate(targets=None, error=str(error))
            await self._changed(versions)

    async def _places(self, versions: dict[str, str]) -> AsyncIterator[Place]:
        """All places; ``versions`` gets each list's resourceVersion, from which it is watched."""
        for path, read in _KINDS.items():
            try:
                answer = await self._api.get(path)
            except SourceError as error:
                if _NOT_FOUND in str(error):
                    continue
                raise
            if not isinstance(answer, dict):
                raise SourceError(f"{self._api.url}{path} is no list of Kubernetes.")
            versions[path] = str((answer.get("metadata") or {}).get("resourceVersion", ""))
            for item in mappings(answer.get("items"), f"{self._api.url}{path}"):
                for place in read(item):
                    yield place

    async def _changed(self, versions: Mapping[str, str]) -> None:
        """Until one of the lists changes, or it is time to read again."""
        if not versions:
            await asyncio.sleep(self._refresh_seconds)
            return
        watches = [
            asyncio.create_task(self._event(path, version)) for path, version in versions.items()
        ]
        try:
            await asyncio.wait(
                watches, timeout=self._refresh_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
        await asyncio.sleep(min(_CALM_SECONDS, self._refresh_seconds))

    async def _event(self, path: str, version: str) -> None:
        """Until the API tells of one change; for ever where it cannot be watched."""
        parameters = {"watch": "1", "resourceVersion": version}
        url = f"{self._api.url.rstrip('/')}{path}"
        try:
            async with (
                self._api.client() as client,
                client.stream(
                    "GET", url, params=parameters, headers=self._api.headers(), timeout=None
                ) as answer,
            ):
                if answer.status_code == httpx.codes.OK:
                    async for line in answer.aiter_lines():
                        if line.strip():
                            return
        except (httpx.HTTPError, OSError):
            pass
        await asyncio.Event().wait()


def _about(kind: str, item: Item, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
    metadata = item.get("metadata") or {}
    named = {
        "kind": kind,
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name"),
        **(extra or {}),
    }
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    return (
        meta("kubernetes", named)
        | meta("kubernetes_label", labels)
        | meta("kubernetes_annotation", annotations)
    )


def _ingress(item: Item) -> Iterator[Place]:
    for one in (item.get("spec") or {}).get("tls") or ():
        labels = _about("Ingress", item, {"tls_secret": one.get("secretName")})
        for host in one.get("hosts") or ():
            if not str(host).startswith("*"):
                yield Place(host=str(host), port=_HTTPS_PORT, labels=labels)


def _gateway(item: Item) -> Iterator[Place]:
    addresses = [
        str(one.get("value"))
        for one in (item.get("status") or {}).get("addresses") or ()
        if one.get("value")
    ]
    for listener in (item.get("spec") or {}).get("listeners") or ():
        if listener.get("protocol") not in {"HTTPS", "TLS"}:
            continue
        secrets = (listener.get("tls") or {}).get("certificateRefs") or [{}]
        about = {"listener": listener.get("name"), "tls_secret": secrets[0].get("name")}
        labels = _about("Gateway", item, about)
        name = str(listener.get("hostname") or "")
        port = int(listener.get("port") or _HTTPS_PORT)
        if name and not name.startswith("*"):
            yield Place(host=name, port=port, labels=labels)
        elif not name:
            yield from (Place(host=address, port=port, labels=labels) for address in addresses)


def _service(item: Item) -> Iterator[Place]:
    metadata, spec = item.get("metadata") or {}, item.get("spec") or {}
    labels = _about("Service", item)
    wanted = str((metadata.get("annotations") or {}).get(PORT_ANNOTATION, ""))
    if wanted.isdigit():
        host = f"{metadata.get('name')}.{metadata.get('namespace')}.svc"
        yield Place(host=host, port=int(wanted), labels=labels)
    if spec.get("type") != "LoadBalancer":
        return
    balancers = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    for port in spec.get("ports") or ():
        is_tls = port.get("port") == _HTTPS_PORT or port.get("name") in {"https", "tls"}
        for balancer in balancers if is_tls else ():
            host = balancer.get("hostname") or balancer.get("ip") or ""
            yield Place(host=str(host), port=int(port["port"]), labels=labels)


def _webhooks(item: Item) -> Iterator[Place]:
    for webhook in item.get("webhooks") or ():
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            yield _cluster_service(service, _about("Webhook", item))


def _api_service(item: Item) -> Iterator[Place]:
    service = (item.get("spec") or {}).get("service")
    if service:
        yield _cluster_service(service, _about("APIService", item))


def _cluster_service(service: Item, labels: Mapping[str, str]) -> Place:
    """The name that the API server itself verifies: <service>.<namespace>.svc."""
    host = f"{service.get('name')}.{service.get('namespace')}.svc"
    return Place(host=host, port=int(service.get("port") or _HTTPS_PORT), labels=labels)


_KINDS: Final[Mapping[str, Callable[[Item], Iterator[Place]]]] = {
    "/apis/networking.k8s.io/v1/ingresses": _ingress,
    "/apis/gateway.networking.k8s.io/v1/gateways": _gateway,
    "/api/v1/services": _service,
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": _webhooks,
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": _webhooks,
    "/apis/apiregistration.k8s.io/v1/apiservices": _api_service,
}
"""The lists that are read, and what each of their items serves."""
