"""How many connections this process may hold open, and which share of the processor HTTP clients get."""

from __future__ import annotations

import resource
from typing import Final

_FOR_ALL_ELSE: Final = 128
"""Descriptors for the database, logs and libraries."""

_LEAST_OF_HTTP: Final = 8

_REST_PER_SECOND: Final = 19.0
"""Seconds of rest for each second of work: HTTP clients cannot take more than a twentieth of the time."""

_LONGEST_REST: Final = 30.0


def connections_that_fit(wanted: int, http: int = 0) -> int:
    """``wanted``, or fewer where the limit of open files, raised as far as it goes, has no room.

    ``http`` is how many connections the HTTP side may have besides.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + http + _FOR_ALL_ELSE
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    if soft == resource.RLIM_INFINITY:
        return wanted
    reserved = min(http + _FOR_ALL_ELSE, soft // 2)
    return max(1, min(wanted, soft - reserved))


def http_connections_that_fit(wanted: int, probing: int) -> int:
    """``wanted``, or what is left where ``probing`` connections are wanted too: a quarter at least."""
    fitting = connections_that_fit(probing, wanted)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    left = max(soft - fitting - _FOR_ALL_ELSE, soft // 4)
    return max(_LEAST_OF_HTTP, min(wanted, left))


def rest_after(seconds: float) -> float:
    """How long to rest after so many seconds of work, in seconds."""
    return min(_LONGEST_REST, _REST_PER_SECOND * seconds)
