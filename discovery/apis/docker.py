"""Containers from Docker's API whose labels declare a TLS port.

``tlsprobe.port`` is the port inside the container; ``tlsprobe.host`` and ``tlsprobe.server_name`` are
optional. Without a host, the container's address in its first network is used.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import Final

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import (
    JsonObject,
    Location,
    SourceLocation,
    locations_of_objects,
    mappings,
    meta,
    read_locations,
)
from discovery.source import Skipped, SourceReading

_PREFIX: Final = "tlsprobe."
_PORT: Final = "tlsprobe.port"
_NUMBER: Final = re.compile(r"[0-9]{1,5}")
_HOST: Final = "tlsprobe.host"
_SERVER_NAME: Final = "tlsprobe.server_name"


async def read_docker(api: WebApi, source: str, most: int = USUAL_MOST_TARGETS) -> SourceReading:
    """The labelled containers that are running; raises SourceError."""
    answer = await api.get("/containers/json")
    containers = mappings(answer, f"{api.url}: containers")
    return await asyncio.to_thread(read_locations, locations_of(containers), source, most)


def locations_of(containers: Iterable[JsonObject]) -> Iterator[Location]:
    """The labelled containers."""
    return locations_of_objects(containers, _place, _container)


def _place(container: JsonObject) -> str:
    return f"container {_name(container) or container.get('Id')}"


def _name(container: JsonObject) -> str:
    names = container.get("Names")
    return str(names[0]).lstrip("/") if isinstance(names, list) and names else ""


def _container(container: JsonObject, place: str) -> Iterator[Location]:
    given = container.get("Labels") or {}
    labels = {name: str(text) for name, text in given.items() if text is not None}
    host = labels.get(_HOST) or _first_address(container)
    about = {
        "container_id": container.get("Id"),
        "container_name": _name(container),
        "image": container.get("Image"),
    }
    said = labels.get(_PORT, "")
    if not said and (ours := [name for name in labels if name.startswith(_PREFIX)]):
        yield Skipped(place=place, problem=f"it has {min(ours)} and no {_PORT}: set {_PORT}")
    if said and not host:
        yield Skipped(place=place, problem=f"it has no address: set the label {_HOST}")
        return
    for port in said.split(",") if said else ():
        if not _NUMBER.fullmatch(port.strip()):
            yield Skipped(place=place, problem=f"the label {_PORT} is {said!r}: use port numbers")
            continue
        yield SourceLocation(
            host=host,
            port=int(port),
            server_name=labels.get(_SERVER_NAME),
            labels=meta("docker", about) | meta("docker_container_label", labels),
            place=place,
        )


def _first_address(container: JsonObject) -> str:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = (one.get("IPAddress") or one.get("GlobalIPv6Address") for one in networks.values())
    return next((str(address) for address in addresses if address), "")
