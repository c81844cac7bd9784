"""Accepts connections from the listening socket, within limits that no client can exceed.

Until the head of its request is complete, a connection costs a descriptor and a few hundred bytes, or the state of
TLS; after that it waits for its turn and is passed to uvicorn. Each connection serves one request. So idle, slow or
fast clients cannot take the descriptors or the CPU time that probing needs, and ``/-/healthy`` is answered at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import structlog

from service.http.guard.callers import caller_of
from service.http.guard.head import LARGEST_HEAD, PendingConnection
from service.http.guard.waiting import ConnectionLimits, PacedQueue, Places
from service.http.tls.stream import TlsStream

_LOG = structlog.stdlib.get_logger("tlsprobe")
_BATCH: Final = 20
_BETWEEN_BATCHES_SECONDS: Final = 0.01
"""At most 2,000 connections a second; the rest waits in the kernel's queue."""

_SHORT_OF_DESCRIPTORS_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 1.0

Serve = Callable[[PendingConnection, Callable[[], None]], None]
"""Called with a connection whose head was read, and a function to call when it is closed."""

NewTls = Callable[[], TlsStream | None]
"""The TLS of a new connection; None for HTTP without TLS."""


class Acceptor:
    """Accepts from ``listener`` and passes to ``serve`` within ``limits``, in the running event loop."""

    def __init__(
        self, listener: socket.socket, limits: ConnectionLimits, serve: Serve, new_tls: NewTls
    ) -> None:
        self._listener = listener
        self._limits = limits
        self._serve = serve
        self._new_tls = new_tls
        self._loop = asyncio.get_running_loop()
        self._places = Places(limits)
        self._handshakes = PacedQueue(limits.handshakes_per_second, self._begin_tls)
        self._requests = PacedQueue(limits.requests_per_second, self._serve_one)
        self._headless: set[PendingConnection] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._is_stopped = False

    @property
    def open_connections(self) -> int:
        """The number of connections, including those that uvicorn serves."""
        return self._places.open_connections

    def start(self) -> None:
        """Start accepting."""
        self._loop.add_reader(self._listener, self._accept)
        self._later("sweep", _SWEEP_SECONDS, self._sweep)

    def stop(self) -> None:
        """Stop accepting, and close the connections that uvicorn does not serve."""
        self._is_stopped = True
        self._loop.remove_reader(self._listener)
        for timer in self._timers.values():
            timer.cancel()
        self._handshakes.stop()
        self._requests.stop()
        for one in tuple(self._headless):
            self._drop(one)
        for one in self._requests.take_older_than(float("inf")):
            self._close_asking(one, "the service is stopping")

    def _accept(self) -> None:
        for _ in range(_BATCH):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.warning("an HTTP connection cannot be accepted", reason=str(error))
                self._pause(_SHORT_OF_DESCRIPTORS_SECONDS)
                return
            connection.setblocking(False)
            caller, now = caller_of(address[0]), self._loop.time()
            self._take(PendingConnection(connection, caller, now, self._new_tls()))
        self._pause(_BETWEEN_BATCHES_SECONDS)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._later("accept", seconds, lambda: self._loop.add_reader(self._listener, self._accept))

    def _take(self, one: PendingConnection) -> None:
        try:
            oldest = self._places.to_make_room(one.caller)
        except LookupError:
            one.answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections: try again later")
            return
        if oldest is not None:
            self._drop(oldest)
        self._places.add(one)
        self._headless.add(one)
        if one.tls is None:
            self._loop.add_reader(one.socket, self._read, one)
        else:
            self._loop.add_reader(one.socket, self._wait_for_handshake, one)

    def _wait_for_handshake(self, one: PendingConnection) -> None:
        """The client has begun; its bytes stay in the kernel until its turn."""
        self._loop.remove_reader(one.socket)
        self._handshakes.add(one)

    def _begin_tls(self, one: PendingConnection) -> None:
        if one in self._headless:
            self._loop.add_reader(one.socket, self._read, one)

    def _send_rest(self, one: PendingConnection) -> None:
        try:
            one.send_rest()
        except OSError:
            self._drop(one)
            return
        if not one.has_unsent:
            self._loop.remove_writer(one.socket)

    def _read(self, one: PendingConnection) -> None:
        try:
            is_whole = one.read()
        except OSError:
            self._drop(one)
            return
        if not is_whole:
            if one.has_unsent:
                self._loop.add_writer(one.socket, self._send_rest, one)
            return
        self._forget(one)
        if one.is_too_large:
            self._answer(
                one,
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"the request line and headers must be at most {LARGEST_HEAD} bytes: shorten the URL or headers",
            )
        elif one.asks_for_health:
            self._answer(one, HTTPStatus.OK, "healthy")
        elif self._places.has_head(one):
            self._requests.add(one)
        else:
            self._answer(one, HTTPStatus.SERVICE_UNAVAILABLE, "too many requests: try again later")

    def _serve_one(self, one: PendingConnection) -> None:
        self._serve(one, lambda: self._places.remove(one, was_asking=True))

    def _sweep(self) -> None:
        """Close connections that took too long to send a head, or have waited too long for their turn."""
        now, patience = self._loop.time(), self._limits.head_seconds
        for one in self._places.without_head_since(now - patience):
            self._forget(one)
            self._answer(
                one,
                HTTPStatus.REQUEST_TIMEOUT,
                f"the request line and headers must be sent within {patience:g} seconds",
            )
        for one in self._requests.take_older_than(now - patience - self._limits.turn_seconds):
            self._close_asking(one, "too many requests are waiting: try again later")
        self._later("sweep", _SWEEP_SECONDS, self._sweep)

    def _later(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        def run() -> None:
            del self._timers[name]
            what()

        if not self._is_stopped:
            self._timers[name] = self._loop.call_later(seconds, run)

    def _forget(self, one: PendingConnection) -> None:
        self._headless.discard(one)
        self._loop.remove_reader(one.socket)
        self._loop.remove_writer(one.socket)

    def _drop(self, one: PendingConnection) -> None:
        self._forget(one)
        self._places.remove(one, was_asking=False)
        one.socket.close()

    def _answer(self, one: PendingConnection, status: HTTPStatus, sentence: str) -> None:
        self._places.remove(one, was_asking=False)
        one.answer(status, sentence)

    def _close_asking(self, one: PendingConnection, sentence: str) -> None:
        self._places.remove(one, was_asking=True)
        one.answer(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
