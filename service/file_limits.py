"""How many connections this process may hold open: each is a file descriptor, and these are limited."""

from __future__ import annotations

import resource
from typing import Final

_FOR_ALL_ELSE: Final = 128
"""Descriptors for the database, the HTTP side, logs and libraries."""


def connections_that_fit(wanted: int) -> int:
    """``wanted``, or fewer where the limit of open files, raised as far as it goes, has no room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _FOR_ALL_ELSE
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    if soft == resource.RLIM_INFINITY:
        return wanted
    reserved = min(_FOR_ALL_ELSE, soft // 2)
    return max(1, min(wanted, soft - reserved))
