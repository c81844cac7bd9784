"""Runs the HTTP side inside the service's event loop: its socket, its start and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from service.http.guard.acceptor import Acceptor
from service.http.guard.head import LARGEST_HEAD
from service.http.guard.protocol import BoundedProtocol
from service.http.guard.waiting import ConnectionLimits
from service.setting_types.values import split_listen

_LOG = structlog.stdlib.get_logger("tlsprobe")
_BACKLOG: Final = 4096
"""Connections that the kernel holds for us; more than Linux' own limit means that limit."""

_GRACE_SECONDS: Final = 2


class ListenError(Exception):
    """The address cannot be listened on; the message is one sentence with the mend."""


def listen(address: str) -> socket.socket:
    """A listening socket on ``address``, ``HOST:PORT``.

    Raises:
        ListenError: where the port is taken, or the address is not of this machine.
    """
    host, port = split_listen(address)
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            # Two may bind while neither listens; so that the second fails here, listen at once.
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise ListenError(
            f"cannot listen on {address} ({error.strerror}): stop the program that uses the port, "
            "or choose another address with --listen"
        ) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser of this machine finds ``listener``, without a final slash."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve_http(
    app: ASGIApp, listener: socket.socket, limits: ConnectionLimits, stop: asyncio.Event
) -> None:
    """Answer requests to ``listener`` until ``stop``; running answers get two seconds more."""
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # The address of a connection is who asks: no header may say otherwise.
            proxy_headers=False,
            headers=[("connection", "close")],
            h11_max_incomplete_event_size=2 * LARGEST_HEAD,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        ),
        limits,
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[listener]))
        await stop.wait()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn over our own acceptor, and without signals: the service has more than HTTP to stop."""

    def __init__(self, config: uvicorn.Config, limits: ConnectionLimits) -> None:
        super().__init__(config)
        self._limits = limits
        self._acceptors: list[Acceptor] = []
        self._connecting: set[asyncio.Task[None]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept from ``sockets``."""
        await self.lifespan.startup()
        await self.on_tick(0)
        self.servers = []
        self._acceptors = [Acceptor(one, self._limits, self._connect) for one in sockets or ()]
        for acceptor in self._acceptors:
            acceptor.start()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and let running answers end."""
        for acceptor in self._acceptors:
            acceptor.stop()
        await super().shutdown(sockets)

    def _connect(
        self, connection: socket.socket, head: bytes, on_closed: Callable[[], None]
    ) -> None:
        task = asyncio.create_task(self._hand_over(connection, head, on_closed))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _hand_over(
        self, connection: socket.socket, head: bytes, on_closed: Callable[[], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        stall_seconds = self._limits.stall_seconds

        def protocol() -> BoundedProtocol:
            return BoundedProtocol(self.config, self.server_state, stall_seconds, head, on_closed)

        try:
            await loop.connect_accepted_socket(protocol, connection)
        except OSError as error:
            _LOG.debug("a client of the HTTP side has gone", reason=str(error))
            connection.close()
            on_closed()
