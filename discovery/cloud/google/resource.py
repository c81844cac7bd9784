"""A kind of resource in Google Cloud: which lists are read for it, and what its locations are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from discovery.cloud.google.lists import Project
from discovery.found import JsonObject, Location
from model.frozen import frozen


@frozen
class GoogleResource:
    """The ``lists`` that are read, by kind with their path below the project; that of ``kind`` has the resources themselves.

    ``locations`` gets the resources of one scope, and all lists.
    """

    kind: str
    lists: Mapping[str, str] = field(hash=False)
    locations: Callable[[Project, Iterable[JsonObject]], Iterator[Location]]
