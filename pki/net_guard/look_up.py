"""Resolves names in separate thread pools: the system's resolver cannot be interrupted, and a silent name
server blocks a thread for half a minute.

Each kind of lookup has a few threads of its own, so that names in certificates cannot delay those of targets;
asyncio's default pool stays free for metrics and pages.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, Final, TypeAlias

from pki.net_guard.shortage import note_shortage_of_resolver

LookUp: TypeAlias = Callable[[str, int], Awaitable[list[Any]]]
"""Returns what ``getaddrinfo`` returns for a host and a port."""


def address_in(place: tuple[Any, ...]) -> str:
    """The address of a socket address, with the zone of a link-local one: it names the link (RFC 4007)."""
    address = str(place[0])
    scope_id = place[3] if len(place) > 3 else 0
    if not scope_id or "%" in address:
        return address
    try:
        return f"{address}%{socket.if_indextoname(scope_id)}"
    except OSError:
        return f"{address}%{scope_id}"


class LookUps:
    """The system's resolver in a pool of ``threads``; a lookup that waits for a thread can be cancelled."""

    def __init__(self, kind: str, threads: int) -> None:
        self._kind = kind
        self._most = threads

    async def __call__(self, host: str, port: int) -> list[Any]:
        """The result of ``getaddrinfo`` for stream sockets; raises OSError (``socket.gaierror``)."""
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        except OSError as error:
            note_shortage_of_resolver(error)
            raise

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._most, thread_name_prefix=f"look-up-{self._kind}")


OF_TARGETS: Final = LookUps("targets", 32)
OF_FETCHES: Final = LookUps("fetches", 8)
OF_CONFIGURED: Final = LookUps("configured", 8)
"""Proxies and sources from the configuration."""
