"""Runs the HTTP side inside the service's event loop: its socket, its start and its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette

from service.values import split_listen

_BACKLOG: Final = 128
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


async def serve_http(app: Starlette, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests to ``listener`` until ``stop``; running answers get two seconds more."""
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[listener]))
        await stop.wait()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the service, which has more than HTTP to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield
