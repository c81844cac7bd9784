"""Names looked up in threads of their own: the system's resolver cannot be interrupted, and a silent name
server keeps each of its threads for half a minute.

Each kind of look-up has its own few threads, so that names in certificates cannot keep those of targets busy, and
none of them is asyncio's, in which metrics and pages are made.
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
"""What ``getaddrinfo`` gives for a host and a port."""


class LookUps:
    """The system's resolver, in at most so many ``threads``; one that waits for a thread can be cancelled."""

    def __init__(self, kind: str, threads: int) -> None:
        self._kind = kind
        self._most = threads

    async def __call__(self, host: str, port: int) -> list[Any]:
        """What ``getaddrinfo`` gives for stream sockets; raises OSError (``socket.gaierror``)."""
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
"""Proxies and sources, which the user names."""
