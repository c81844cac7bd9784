"""How many connections this process may hold open: each is a file descriptor, and these are limited."""

from __future__ import annotations

import resource
from typing import Final

_FOR_ALL_ELSE: Final = 128
"""Descriptors for the database, logs and libraries."""

_LEAST_OF_HTTP: Final = 8


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
