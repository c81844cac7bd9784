"""Runs the HTTP side in the service's event loop: its socket, its start and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from service.http.guard.acceptor import Acceptor, NewTls
from service.http.guard.head import LARGEST_HEAD, PendingConnection
from service.http.guard.protocol import BoundedProtocol
from service.http.guard.waiting import ConnectionLimits
from service.http.tls.transport import TlsProtocol
from service.setting_types.values import split_listen

_LOG = structlog.stdlib.get_logger("tlsprobe")
_BACKLOG: Final = 4096
"""The kernel's backlog; Linux reduces it to its own limit."""

_GRACE_SECONDS: Final = 2


class ListenError(Exception):
    """The service cannot listen on the address; the message is one sentence that says how to fix it."""


def listen(address: str) -> socket.socket:
    """A listening socket on ``address``, ``HOST:PORT``.

    Raises:
        ListenError: if the port is taken, or the address is not a local one.
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
            # Two processes may bind while neither listens; listen at once, so that the second one fails here.
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


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL of ``listener`` for a browser on this machine, without a final slash."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _without_tls() -> None:
    """The TLS of a connection without TLS."""


async def serve_http(
    app: ASGIApp,
    listener: socket.socket,
    limits: ConnectionLimits,
    stop: asyncio.Event,
    new_tls: NewTls = _without_tls,
) -> None:
    """Answer requests to ``listener`` until ``stop``; running responses get two more seconds.

    ``new_tls`` returns the TLS of a new connection.
    """
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # The client is the address of the connection: no header may change that.
            proxy_headers=False,
            headers=[("connection", "close")],
            h11_max_incomplete_event_size=2 * LARGEST_HEAD,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        ),
        limits,
        new_tls,
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[listener]))
        await stop.wait()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn with our own acceptor, and without signal handlers: the service has more to stop than HTTP."""

    def __init__(self, config: uvicorn.Config, limits: ConnectionLimits, new_tls: NewTls) -> None:
        super().__init__(config)
        self._limits = limits
        self._new_tls = new_tls
        self._acceptors: list[Acceptor] = []
        self._connecting: set[asyncio.Task[None]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting from ``sockets``."""
        await self.lifespan.startup()
        await self.on_tick(0)
        self.servers = []
        self._acceptors = [
            Acceptor(one, self._limits, self._connect, self._new_tls) for one in sockets or ()
        ]
        for acceptor in self._acceptors:
            acceptor.start()
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and let running responses finish."""
        for acceptor in self._acceptors:
            acceptor.stop()
        await super().shutdown(sockets)

    def _connect(self, one: PendingConnection, on_closed: Callable[[], None]) -> None:
        task = asyncio.create_task(self._hand_over(one, on_closed))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _hand_over(self, one: PendingConnection, on_closed: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            http = BoundedProtocol(
                self.config, self.server_state, self._limits.stall_seconds, one, on_closed
            )
            return http if one.tls is None else TlsProtocol(one.tls, http)

        try:
            await loop.connect_accepted_socket(protocol, one.socket)
        except OSError as error:
            _LOG.debug("an HTTP client has disconnected", reason=str(error))
            one.socket.close()
            on_closed()
