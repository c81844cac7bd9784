"""Services of a Consul catalog: each instance, with the same labels as in Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS, check_count
from discovery.found import (
    JsonObject,
    Location,
    SourceLocation,
    locations_of_objects,
    mappings,
    meta,
    read_locations,
)
from discovery.source import Skipped, SourceError, SourceReading
from model.frozen import frozen

_AT_ONCE: Final = 8


@frozen
class Wanted:
    """The wanted services: the named ones or all, if they have all of the ``tags``."""

    services: Sequence[str] = ()
    tags: Sequence[str] = ()

    def names_in(self, catalog: Any, url: str) -> list[str]:
        """The names of the wanted services in the catalog at ``url``; raises SourceError if it is not one."""
        if not isinstance(catalog, dict):
            raise SourceError(f"{url} did not answer like a Consul catalog.")
        for name, its_tags in catalog.items():
            if not isinstance(its_tags, list | None):
                raise SourceError(f"{url}: the tags of the service {name} must be a list.")
        return [name for name, its_tags in catalog.items() if self._has(name, its_tags or ())]

    def _has(self, name: str, its_tags: Iterable[Any]) -> bool:
        is_named = not self.services or name in self.services
        return is_named and set(self.tags) <= set(map(str, its_tags))

    def missing(self, found: Collection[str]) -> Iterator[Skipped]:
        """The named services that are not among the ``found`` ones."""
        with_tags = f" with the tags {', '.join(self.tags)}" if self.tags else ""
        for name in self.services:
            if name not in found:
                problem = f"the catalog has no such service{with_tags}"
                yield Skipped(place=f"service {name}", problem=problem)


_EVERYTHING: Final = Wanted()


async def read_consul(
    api: WebApi,
    source: str,
    wanted: Wanted = _EVERYTHING,
    most: int = USUAL_MOST_TARGETS,
) -> SourceReading:
    """The instances of the ``wanted`` services; raises SourceError."""
    catalog = await api.get("/v1/catalog/services")
    names = wanted.names_in(catalog, api.url)
    check_count(source, len(names), most)
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def instances(name: str) -> list[Location]:
        async with at_once:
            answer = await api.get(f"/v1/catalog/service/{quote(name, safe='')}")
        found = mappings(answer, f"{api.url}: service {name}")
        return list(locations_of(found, wanted.tags))

    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(instances(name)) for name in names]
    except* SourceError as failures:
        raise failures.exceptions[0] from None
    places: list[Location] = [place for one in asked for place in one.result()]
    places += wanted.missing(names)
    return await asyncio.to_thread(read_locations, places, source, most)


def locations_of(instances: Iterable[JsonObject], tags: Sequence[str]) -> Iterator[Location]:
    """The instances that have all of the ``tags``."""
    return locations_of_objects(instances, _place, partial(_instance, tags))


def _place(instance: JsonObject) -> str:
    return f"service {instance.get('ServiceName')}, instance {instance.get('ServiceID')}"


def _instance(tags: Sequence[str], instance: JsonObject, place: str) -> Iterator[Location]:
    its_tags = [str(tag) for tag in instance.get("ServiceTags") or ()]
    port = instance.get("ServicePort")
    if not set(tags) <= set(its_tags):
        return
    if not isinstance(port, int):
        yield Skipped(place=place, problem="it has no port")
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
    yield SourceLocation(host=str(host), port=port, labels=labels, place=place)
