"""How many connections this process may hold open, and the share of CPU time for HTTP clients."""

from __future__ import annotations

import resource
from typing import Final

_FOR_ALL_ELSE: Final = 128
"""Descriptors for the database, logs and libraries."""

_LEAST_OF_HTTP: Final = 8

_REST_PER_SECOND: Final = 19.0
"""Seconds of rest per second of work: HTTP clients cannot use more than a twentieth of the time."""

_LONGEST_REST: Final = 30.0

_QUICK_PAGE: Final = 0.02
"""Seconds; a search of a hundred thousand endpoints takes less."""

_REST_PER_SECOND_OF_VIEW: Final = 199.0
_LONGEST_REST_OF_VIEW: Final = 5.0


def files_needed(probing: int, http: int) -> int:
    """How many files this process opens with this many connections of its own and of HTTP clients."""
    return probing + http + _FOR_ALL_ELSE


def connections_that_fit(wanted: int, http: int = 0) -> int:
    """``wanted``, or fewer if the limit of open files is too low even after it was raised as far as possible.

    ``http`` is how many connections the HTTP side may have in addition.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = files_needed(wanted, http)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft = raised
    if soft == resource.RLIM_INFINITY:
        return wanted
    reserved = min(http + _FOR_ALL_ELSE, soft // 2)
    return max(1, min(wanted, soft - reserved))


def http_connections_that_fit(wanted: int, probing: int) -> int:
    """``wanted``, or what ``probing`` connections leave of the limit of open files: at least a quarter of it."""
    fitting = connections_that_fit(probing, wanted)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    left = max(soft - fitting - _FOR_ALL_ELSE, soft // 4)
    return max(_LEAST_OF_HTTP, min(wanted, left))


def short_rest_after(seconds: float) -> float:
    """The same for pages, for which a person waits: they may use half of the time, and quick ones need no rest.

    A quick page delays other work by one switch between threads, which has its turn before the next page.
    """
    return min(_LONGEST_REST, seconds) if seconds > _QUICK_PAGE else 0.0


def view_rest_after(seconds: float) -> float:
    """The same for the facts that all pages show; what pages compute from them takes several times as long."""
    return min(_LONGEST_REST_OF_VIEW, _REST_PER_SECOND_OF_VIEW * seconds)


def rest_after(seconds: float) -> float:
    """How many seconds to rest after this many seconds of work."""
    return min(_LONGEST_REST, _REST_PER_SECOND * seconds)
