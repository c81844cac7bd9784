"""A scheduler's request to a worker: visits, as JSON in a job, and the queue of the job.

Each zone has a queue: workers with the tag of a zone visit the targets with that ``zone`` label; workers
without a tag visit all other targets.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from model.encoding.observation_json import target_from_json, target_to_json
from model.encoding.times_json import time_from_json, time_to_json
from model.frozen import frozen
from model.target import Endpoint, Target
from model.target_labels import ZONE
from service.setting_types.worker_tags import zones_of_tags

ANY_ZONE: Final = "any"
"""The queue of targets without a zone."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
"""Queues of these zones have the zone's name; PostgreSQL limits the length of names, and labels are arbitrary."""

Json: TypeAlias = dict[str, Any]


@frozen
class Request:
    """A request for a visit, unless the endpoint was visited after ``visited_at``.

    With ``is_to_verify``, the visit only verifies known facts, if there are any.
    """

    endpoint: Endpoint
    visited_at: datetime | None
    is_to_verify: bool

    @property
    def key(self) -> str:
        """The endpoint's key."""
        return self.endpoint.key

    @property
    def address(self) -> str:
        """The endpoint's address; only endpoints with an address are visited."""
        return self.endpoint.address or ""

    def is_outdated_by(self, visited_at: datetime | None) -> bool:
        """Whether a visit at this time already fulfils the request."""
        if visited_at is None:
            return False
        return self.visited_at is None or visited_at > self.visited_at


def requests_to_json(requests: Iterable[Request]) -> list[Json]:
    """The requests of a job as JSON."""
    return [
        {
            "target": target_to_json(request.endpoint.target),
            "source": request.endpoint.target.source,
            "address": request.endpoint.address,
            "visited_at": time_to_json(request.visited_at),
            "verify": request.is_to_verify,
        }
        for request in requests
    ]


def requests_from_json(items: Sequence[Json]) -> list[Request]:
    """The requests that ``requests_to_json`` wrote. Raises KeyError, ValueError."""
    return [
        Request(
            endpoint=Endpoint(
                target=target_from_json(item["target"], source=item["source"]),
                address=item["address"],
            ),
            visited_at=time_from_json(item["visited_at"]),
            is_to_verify=item["verify"],
        )
        for item in items
    ]


def queue_of(target: Target) -> str:
    """The queue for visits to the target."""
    zone = target.labels.get(ZONE, "")
    return queue_of_zone(zone) if zone else ANY_ZONE


def queue_of_zone(zone: str) -> str:
    """The queue of one zone: its name, or a digest if the name is long or unusual."""
    if _PLAIN.fullmatch(zone):
        return f"{ZONE}={zone}"
    digest = hashlib.blake2b(zone.encode(errors="surrogatepass"), digest_size=12).hexdigest()
    return f"{ZONE}#{digest}"


def queues_of_tags(tags: Sequence[str]) -> list[str]:
    """The queues that a worker with these tags takes jobs from.

    Raises:
        ValueError: for a tag that is not ``zone=NAME``.
    """
    return [queue_of_zone(zone) for zone in zones_of_tags(tags)] or [ANY_ZONE]
