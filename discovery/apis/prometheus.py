"""The https scrape targets of a Prometheus server, from its targets API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import Location, SourceLocation, mappings, meta, read_locations
from discovery.source import Skipped, SourceError, SourceReading
from model.application_protocol import DEFAULT_PORT


async def read_prometheus(
    api: WebApi, source: str, most: int = USUAL_MOST_TARGETS
) -> SourceReading:
    """The hosts of all active targets with an https scrape URL; raises SourceError."""
    answer = await api.get("/api/v1/targets", state="active")
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise SourceError(f"{api.url} did not answer like Prometheus' targets API.")
    active = mappings(data.get("activeTargets"), f"{api.url}: activeTargets")
    places = (place for one in active for place in _places(one))
    return await asyncio.to_thread(read_locations, places, source, most)


def _places(target: Mapping[str, Any]) -> Iterator[Location]:
    labels = target.get("labels", {})
    said = labels if isinstance(labels, dict) else {}
    about = meta("prometheus_label", said) | meta("prometheus", {"job": said.get("job")})
    text = str(target.get("scrapeUrl", ""))
    place = f"job {said.get('job')}"
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port or DEFAULT_PORT
    except ValueError as error:
        yield Skipped(place=place, problem=f"the URL {text!r} is invalid: {error}")
        return
    if url.scheme == "https" and host:
        yield SourceLocation(host=host, port=port, labels=about, place=place)
    elif url.scheme != "http":
        yield Skipped(
            place=place, problem=f"the URL {text!r} is not one with http or https and a host"
        )
