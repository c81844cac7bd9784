"""Reads the load balancers of a project again and again: what one region or list costs, the others keep."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.cloud.google.lists import EVERYWHERE, LISTS, permission, read_list, scope
from discovery.cloud.google.load_balancers import Project, locations_at
from discovery.cloud.last_readings import USUAL_STALE_SECONDS, LastReadings
from discovery.found import JsonObject, Location, read_locations
from discovery.source import Skipped, SourceError, SourceReading

_RULES: Final = "forwardingRules"


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
        self._last = LastReadings[str](max_stale_seconds, clock)

    async def read(self) -> SourceReading:
        """A target for each name, or else each address, at which a proxy ends TLS; raises SourceError."""
        found = await asyncio.gather(*(read_list(self._api, self._project, kind) for kind in LISTS))
        project = Project(name=self._project, lists=dict(zip(LISTS, found, strict=True)))
        denied = project.lists[_RULES].problems.get(EVERYWHERE)
        if denied is not None:
            raise SourceError(f"{permission(_RULES)} of {self._project}: {denied}.")
        return await asyncio.to_thread(
            read_locations, self._locations(project), self._name, self._most
        )

    def _locations(self, project: Project) -> Iterator[Location]:
        rules = defaultdict[str, list[JsonObject]](list)
        for link, rule in project.lists[_RULES].resources.items():
            rules[scope(link)].append(rule)
        problems = {place for one in project.lists.values() for place in one.problems}
        for place in sorted({*rules, *self._last.parts, *problems} - {EVERYWHERE}):
            yield from self._last.settle(
                place,
                locations_at(project, rules[place]),
                is_complete=problems.isdisjoint((place, EVERYWHERE)),
            )
        for kind, one in project.lists.items():
            for place, problem in one.problems.items():
                where = f"project {project.name}, {place or 'all scopes'}"
                yield Skipped(place=where, problem=f"{permission(kind)}: {problem}")
