"""Containers from Docker's API whose labels declare a TLS port.

``tlsprobe.port`` is the port inside the container; ``tlsprobe.host`` and ``tlsprobe.server_name`` are
optional. Without a host, the container's address in its first network is used.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import Location, SourceLocation, mappings, meta, read_locations
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
    places = (place for one in containers for place in _places(one))
    return await asyncio.to_thread(read_locations, places, source, most)


def _places(container: Mapping[str, Any]) -> Iterator[Location]:
    labels = container.get("Labels") or {}
    host = labels.get(_HOST) or _first_address(container)
    names = container.get("Names") or [""]
    about = {
        "container_id": container.get("Id"),
        "container_name": str(names[0]).lstrip("/"),
        "image": container.get("Image"),
    }
    place = f"container {about['container_name'] or about['container_id']}"
    said = str(labels.get(_PORT, ""))
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
            host=str(host),
            port=int(port),
            server_name=labels.get(_SERVER_NAME),
            labels=meta("docker", about) | meta("docker_container_label", labels),
            place=place,
        )


def _first_address(container: Mapping[str, Any]) -> str:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = (one.get("IPAddress") or one.get("GlobalIPv6Address") for one in networks.values())
    return next((str(address) for address in addresses if address), "")
