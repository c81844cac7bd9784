"""What each source had when the service last ran: the targets as far as the stored visits show.

If a source cannot be read after a restart, it keeps these targets, just as it keeps its last ones while the service
runs. A target that left the inventory earlier has no visit near the source's last ones, and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from discovery.merge import SOURCE_SEPARATOR
from model.claims.resource_claim import ResourceClaim
from model.snapshot import EndpointStatus
from model.target import Target
from service.sources.target_sources import Kept

_LONGEST_WITHOUT_A_VISIT: Final = 2.0
"""In intervals: at most one and a half pass between two visits."""


def remembered(statuses: Iterable[EndpointStatus], claims: Iterable[ResourceClaim]) -> Kept:
    """The last targets and the stored claims of each source."""
    by_source: dict[str, list[EndpointStatus]] = defaultdict(list)
    for status in statuses:
        for name in status.observation.endpoint.target.source.split(SOURCE_SEPARATOR):
            by_source[name].append(status)
    of_source: dict[str, list[ResourceClaim]] = defaultdict(list)
    for claim in claims:
        of_source[claim.source].append(claim)
    return Kept(
        targets={name: tuple(_last_targets(seen).values()) for name, seen in by_source.items()},
        resource_claims=of_source,
    )


def _last_targets(seen: Iterable[EndpointStatus]) -> dict[str, Target]:
    seen = tuple(seen)
    ended_at = max(status.last_probe_at for status in seen)
    return {
        status.observation.endpoint.target.key: status.observation.endpoint.target
        for status in seen
        if ended_at - status.last_probe_at
        <= timedelta(seconds=_LONGEST_WITHOUT_A_VISIT * status.interval_seconds)
    }
