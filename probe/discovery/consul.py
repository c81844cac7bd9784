"""Services of a Consul catalog: each instance, with Prometheus' labels of the same meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from model.target import Target
from probe.discovery.found import Place, mappings, meta, targets_at
from probe.discovery.source import SourceError
from probe.discovery.web import WebApi

_AT_ONCE: Final = 8


async def read_consul(
    api: WebApi, source: str, *, services: Sequence[str] = (), tags: Sequence[str] = ()
) -> tuple[Target, ...]:
    """Instances of these services, or of all, that have all of the ``tags``; raises SourceError."""
    catalog = await api.get("/v1/catalog/services")
    if not isinstance(catalog, dict):
        raise SourceError(f"{api.url} does not answer as Consul's catalog does.")
    wanted = [
        name
        for name, its_tags in catalog.items()
        if (not services or name in services) and set(tags) <= set(its_tags or ())
    ]
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def instances(name: str) -> list[Place]:
        async with at_once:
            answer = await api.get(f"/v1/catalog/service/{quote(name, safe='')}")
        found = mappings(answer, f"{api.url}: service {name}")
        return [place for one in found for place in _places(one, tags)]

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(instances(name)) for name in wanted]
    return targets_at((place for one in asked for place in one.result()), source)


def _places(instance: Mapping[str, Any], tags: Sequence[str]) -> Iterator[Place]:
    its_tags = [str(tag) for tag in instance.get("ServiceTags") or ()]
    port = instance.get("ServicePort")
    if not isinstance(port, int) or not set(tags) <= set(its_tags):
        return
    host = instance.get("ServiceAddress") or instance.get("Address") or ""
    about = {
        "service": instance.get("ServiceName"),
        "service_id": instance.get("ServiceID"),
        "node": instance.get("Node"),
        "dc": instance.get("Datacenter"),
        "tags": f",{','.join(its_tags)}," if its_tags else ",",
    }
    own = instance.get("ServiceMeta") or {}
    labels = meta("consul", about) | meta("consul_service_metadata", own)
    yield Place(host=str(host), port=port, labels=labels)
