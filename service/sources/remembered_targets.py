"""Which targets each source had when the service last ran, as far as the Store's visits tell.

A source that cannot be read after a restart keeps these, as it keeps its last ones while the service runs.
What had left the inventory before the service ended was not visited with the others at its last, and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from discovery.merge import SOURCE_SEPARATOR
from model.snapshot import EndpointStatus
from model.target import Target

_LONGEST_WITHOUT_A_VISIT: Final = 2.0
"""In intervals: one and a half at most pass between two visits."""


def targets_by_source(statuses: Iterable[EndpointStatus]) -> dict[str, tuple[Target, ...]]:
    """The targets that each source had at last, by its name."""
    by_source: dict[str, list[EndpointStatus]] = defaultdict(list)
    for status in statuses:
        for name in status.observation.endpoint.target.source.split(SOURCE_SEPARATOR):
            by_source[name].append(status)
    return {name: tuple(_last_targets(seen).values()) for name, seen in by_source.items()}


def _last_targets(seen: Iterable[EndpointStatus]) -> dict[str, Target]:
    seen = tuple(seen)
    ended_at = max(status.last_probe_at for status in seen)
    return {
        status.observation.endpoint.target.key: status.observation.endpoint.target
        for status in seen
        if ended_at - status.last_probe_at
        <= timedelta(seconds=_LONGEST_WITHOUT_A_VISIT * status.interval_seconds)
    }
