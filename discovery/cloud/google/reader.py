"""Reads a project again and again: what one region or list costs, the others keep."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.cloud.google.catalogue import RESOURCES
from discovery.cloud.google.lists import EVERYWHERE, Project, permission, read_list, scope
from discovery.cloud.google.resource import GoogleResource
from discovery.cloud.last_readings import USUAL_STALE_SECONDS, LastReadings
from discovery.found import JsonObject, Location, read_locations
from discovery.source import Skipped, SourceReading


class GoogleCloudReader:
    """Reads one project.

    If a list does not have all of a scope, the last complete reading of the scope stays for ``max_stale_seconds``; after
    that, or without one, what could be read of it counts.
    """

    def __init__(
        self,
        api: WebApi,
        project: str,
        name: str,
        *,
        most: int = USUAL_MOST_TARGETS,
        max_stale_seconds: float = USUAL_STALE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._project = project
        self._name = name
        self._most = most
        self._last = LastReadings[tuple[str, str]](max_stale_seconds, clock)
        """By the kind of resource and the scope."""

    async def read(self) -> SourceReading:
        """A target for each name, or else each address, at which a resource ends TLS; raises SourceError."""
        paths = {kind: below for one in RESOURCES for kind, below in one.lists.items()}
        lists = await asyncio.gather(
            *(read_list(self._api, self._project, kind, below) for kind, below in paths.items())
        )
        project = Project(name=self._project, lists=dict(zip(paths, lists, strict=True)))
        return await asyncio.to_thread(
            read_locations, self._locations(project), self._name, self._most
        )

    def _locations(self, project: Project) -> Iterator[Location]:
        for resource in RESOURCES:
            yield from self._of_resource(resource, project)
        for kind, one in project.lists.items():
            for place, problem in one.problems.items():
                where = f"project {project.name}, {place or 'all scopes'}"
                yield Skipped(place=where, problem=f"{permission(kind)}: {problem}")

    def _of_resource(self, resource: GoogleResource, project: Project) -> Iterator[Location]:
        by_scope = defaultdict[str, list[JsonObject]](list)
        for link, one in project.lists[resource.kind].resources.items():
            by_scope[scope(link)].append(one)
        problems = {place for kind in resource.lists for place in project.lists[kind].problems}
        known = {place for kind, place in self._last.parts if kind == resource.kind}
        for place in sorted({*by_scope, *known, *problems} - {EVERYWHERE}):
            yield from self._last.settle(
                (resource.kind, place),
                resource.locations(project, by_scope[place]),
                is_complete=problems.isdisjoint((place, EVERYWHERE)),
            )
