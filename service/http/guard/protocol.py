"""uvicorn's HTTP/1.1 protocol with limits on what a slow reader may occupy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from service.http.guard.head import PendingConnection

CLIENT_CERTIFICATE: Final = "client_certificate"
"""The key of the state that has the certificate, or None."""

_BUFFER: Final = 65_536


class BoundedProtocol(H11Protocol):
    """One request on a connection whose head was already read.

    Args:
        config: uvicorn's.
        state: uvicorn's.
        stall_seconds: a client that reads less than a buffer in this time is cut off.
        pending: the connection, with the complete head of the request; ``scope["state"]`` has its client's
            certificate.
        on_closed: called once when the connection is closed.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        stall_seconds: float,
        pending: PendingConnection,
        on_closed: Callable[[], None],
    ) -> None:
        certificate = None if pending.tls is None else pending.tls.client_certificate
        super().__init__(config, state, {CLIENT_CERTIFICATE: certificate})
        self._stall_seconds = stall_seconds
        self._head = bytes(pending.head)
        self._on_closed = on_closed
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with the bytes already read."""
        super().connection_made(cast(asyncio.Transport, transport))
        self.transport.set_write_buffer_limits(high=_BUFFER)
        self.data_received(self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection's place."""
        super().connection_lost(exc)
        self._stop_timer()
        self._on_closed()

    def pause_writing(self) -> None:
        """The buffer is full: wait for the client, but not forever."""
        super().pause_writing()
        self._start_timer()

    def resume_writing(self) -> None:
        """The client has read from the buffer."""
        super().resume_writing()
        self._stop_timer()

    def on_response_complete(self) -> None:
        """The whole response is in the buffer; the client must still read it."""
        super().on_response_complete()
        self._start_timer()

    def _start_timer(self) -> None:
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._stall_seconds, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
