"""How long an endpoint is quarantined after the separate process that visited only it has died.

Workers store their suspects in the queue's database (``service.fleet.leases``), a service without workers in a
file (``service.watchdog.quarantine``); both use this rule.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

SET_ASIDE_SECONDS: Final = 86_400.0
"""The first quarantine; each further one in a row is twice as long as the one before."""

MOST_DOUBLINGS: Final = 5
"""The quarantine is never longer than 32 days."""

ALONE_AT_ONCE: Final = 4
"""The number of suspects that are visited in parallel, each in a separate process."""


def seconds_set_aside(times_before: int) -> float:
    """The length of the quarantine in seconds, after ``times_before`` quarantines in a row."""
    return SET_ASIDE_SECONDS * float(2 ** min(times_before, MOST_DOUBLINGS))


def set_aside_reason(until: datetime) -> str:
    """Why an endpoint is not visited, in one sentence."""
    return (
        "The process that probed only this endpoint crashed or hung: "
        f"it is not probed until {until:%Y-%m-%d %H:%M} UTC."
    )
