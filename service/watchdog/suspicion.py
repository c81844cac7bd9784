"""How long an endpoint is left alone that killed the process which visited it and nothing else.

Workers keep their suspects in the queue's database (``service.fleet.leases``), a service without workers in a
file (``service.watchdog.quarantine``); the rule is one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

SET_ASIDE_SECONDS: Final = 86_400.0
"""The first time; each further time in a row it is twice as long as the time before."""

MOST_DOUBLINGS: Final = 5
"""So it is never longer than 32 days."""

ALONE_AT_ONCE: Final = 4
"""So many suspects are visited side by side, each in a process of its own."""


def seconds_set_aside(times_before: int) -> float:
    """For how many seconds, where the endpoint was set aside so many times in a row before."""
    return SET_ASIDE_SECONDS * float(2 ** min(times_before, MOST_DOUBLINGS))


def set_aside_reason(until: datetime) -> str:
    """Why an endpoint is not visited, in one sentence."""
    return (
        "The process that visited it, and nothing else, crashed or stood still: "
        f"it is left alone until {until:%Y-%m-%d %H:%M} UTC."
    )
