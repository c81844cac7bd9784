"""The https scrape targets of a Prometheus server, from its targets API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import SourceLocation, mappings, meta, targets_at
from discovery.source import SourceError
from model.application_protocol import DEFAULT_PORT
from model.target import Target


async def read_prometheus(
    api: WebApi, source: str, most: int = USUAL_MOST_TARGETS
) -> tuple[Target, ...]:
    """The hosts of all active targets with an https scrape URL; raises SourceError."""
    answer = await api.get("/api/v1/targets", state="active")
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise SourceError(f"{api.url} did not answer like Prometheus' targets API.")
    active = mappings(data.get("activeTargets"), f"{api.url}: activeTargets")
    places = (place for one in active for place in _places(one))
    return await asyncio.to_thread(targets_at, places, source, most)


def _places(target: Mapping[str, Any]) -> Iterator[SourceLocation]:
    labels = target.get("labels", {})
    said = labels if isinstance(labels, dict) else {}
    about = meta("prometheus_label", said) | meta("prometheus", {"job": said.get("job")})
    try:
        url = urlsplit(str(target.get("scrapeUrl", "")))
        if url.scheme == "https" and url.hostname:
            yield SourceLocation(host=url.hostname, port=url.port or DEFAULT_PORT, labels=about)
    except ValueError:
        return
