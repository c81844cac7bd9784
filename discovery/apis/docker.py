"""Containers from Docker's API whose labels declare a TLS port.

``tlsprobe.port`` is the port inside the container; ``tlsprobe.host`` and ``tlsprobe.server_name`` are
optional. Without a host, the container's address in its first network is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import SourceLocation, mappings, meta, targets_at
from model.target import Target

_PORT: Final = "tlsprobe.port"
_HOST: Final = "tlsprobe.host"
_SERVER_NAME: Final = "tlsprobe.server_name"


async def read_docker(
    api: WebApi, source: str, most: int = USUAL_MOST_TARGETS
) -> tuple[Target, ...]:
    """The labelled containers that are running; raises SourceError."""
    answer = await api.get("/containers/json")
    containers = mappings(answer, f"{api.url}: containers")
    places = (place for one in containers for place in _places(one))
    return await asyncio.to_thread(targets_at, places, source, most)


def _places(container: Mapping[str, Any]) -> Iterator[SourceLocation]:
    labels = container.get("Labels") or {}
    host = labels.get(_HOST) or _first_address(container)
    names = container.get("Names") or [""]
    about = {
        "container_id": container.get("Id"),
        "container_name": str(names[0]).lstrip("/"),
        "image": container.get("Image"),
    }
    for port in str(labels.get(_PORT, "")).split(","):
        if port.strip().isdigit() and host:
            yield SourceLocation(
                host=str(host),
                port=int(port),
                server_name=labels.get(_SERVER_NAME),
                labels=meta("docker", about) | meta("docker_container_label", labels),
            )


def _first_address(container: Mapping[str, Any]) -> str:
    networks = (container.get("NetworkSettings") or {}).get("Networks") or {}
    addresses = (one.get("IPAddress") or one.get("GlobalIPv6Address") for one in networks.values())
    return next((str(address) for address in addresses if address), "")
