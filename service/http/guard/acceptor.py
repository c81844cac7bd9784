"""Accepts connections from the listening socket, within limits that no client can exceed.

Until the head of its request is complete, a connection costs a descriptor and a few hundred bytes; after that it
waits for its turn and is passed to uvicorn. Each connection serves one request. So idle, slow or fast clients cannot
take the descriptors or the CPU time that probing needs, and ``/-/healthy`` is answered at once.
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
from service.http.guard.waiting import ConnectionLimits, Places, Queue

_LOG = structlog.stdlib.get_logger("tlsprobe")
_BATCH: Final = 20
_BETWEEN_BATCHES_SECONDS: Final = 0.01
"""At most 2,000 connections a second; the rest waits in the kernel's queue."""

_SHORT_OF_DESCRIPTORS_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 1.0

Serve = Callable[[socket.socket, bytes, Callable[[], None]], None]
"""Called with a connection, the bytes read from it, and a function to call when it is closed."""


class Acceptor:
    """Accepts from ``listener`` and passes to ``serve`` within ``limits``, in the running event loop."""

    def __init__(self, listener: socket.socket, limits: ConnectionLimits, serve: Serve) -> None:
        self._listener = listener
        self._limits = limits
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._places = Places(limits)
        self._queue = Queue()
        self._headless: set[PendingConnection] = set()
        self._tokens = float(limits.requests_per_second)
        self._filled_at = self._loop.time()
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
        for one in tuple(self._headless):
            self._drop(one)
        for one in self._queue.take_older_than(float("inf")):
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
            self._take(PendingConnection(connection, caller_of(address[0]), self._loop.time()))
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
        self._loop.add_reader(one.socket, self._read, one)

    def _read(self, one: PendingConnection) -> None:
        try:
            is_whole = one.read()
        except OSError:
            self._drop(one)
            return
        if not is_whole:
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
            self._queue.add(one)
            self._serve_waiting()
        else:
            self._answer(one, HTTPStatus.SERVICE_UNAVAILABLE, "too many requests: try again later")

    def _serve_waiting(self) -> None:
        """Serve as many as the rate allows, and schedule the rest."""
        now, rate = self._loop.time(), self._limits.requests_per_second
        self._tokens = min(rate, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        while self._queue and self._tokens >= 1:
            self._tokens -= 1
            self._serve_one(self._queue.take())
        if self._queue and "serve" not in self._timers:
            self._later("serve", (1 - self._tokens) / rate, self._serve_waiting)

    def _serve_one(self, one: PendingConnection) -> None:
        self._serve(one.socket, bytes(one.head), lambda: self._places.remove(one, was_asking=True))

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
        for one in self._queue.take_older_than(now - patience - self._limits.turn_seconds):
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
