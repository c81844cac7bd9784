"""An HTTP client for untrusted servers: checked by the gate, without redirects, limited in decompressed bytes.

Each request opens a new connection. The host name is resolved in a separate thread pool, and the connection
goes to an address that the gate checked; the caller limits the total time with ``asyncio.timeout``.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from model.frozen import frozen
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.look_up import OF_CONFIGURED, LookUp
from pki.net_guard.opening import DeniedError, judged_addresses

_PIECE: Final = 2**16
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = "identity"
TRANSPORT_ERRORS: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    httpx.InvalidURL,
    zlib.error,
    OSError,
    ValueError,
)
"""How a request fails in the library and below it."""


class HttpError(Exception):
    """There is no complete answer; the message is a clause such as "sent more than 1000 bytes"."""


@frozen
class HttpRequest:
    """A request: a POST if it has a ``body``, else a GET."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    accepts_gzip: bool = False


class HttpAnswer:
    """An answer whose body has not been read."""

    def __init__(self, response: httpcore.Response, *, accepts_gzip: bool) -> None:
        self._response = response
        self._accepts_gzip = accepts_gzip
        self.status = response.status
        self.headers = httpx.Headers(response.headers)

    async def body(self, most_bytes: int, on_bytes: Callable[[int], None] | None = None) -> bytes:
        """The whole body; ``on_bytes`` gets the number of bytes of each read.

        Raises:
            HttpError: if it is longer, or compressed although that was not requested.
        """
        received = bytearray()
        async for piece in self.pieces(on_bytes):
            received += piece
            if len(received) > most_bytes:
                raise HttpError(f"sent more than {most_bytes} bytes")
        return bytes(received)

    async def pieces(self, on_bytes: Callable[[int], None] | None = None) -> AsyncIterator[bytes]:
        """The body in chunks of at most 64 KiB, whatever the compression ratio."""
        encoding = self.headers.get("content-encoding", _PLAIN).lower()
        is_packed = self._accepts_gzip and encoding == "gzip"
        if encoding != _PLAIN and not is_packed:
            raise HttpError("sent a compressed body, which was not requested")
        unpacking = zlib.decompressobj(_AS_GZIP)
        async for raw in self._response.aiter_stream():
            if on_bytes is not None:
                on_bytes(len(raw))
            if not is_packed:
                yield raw
                continue
            packed = raw
            while packed:
                yield unpacking.decompress(packed, _PIECE)
                packed = unpacking.unconsumed_tail
                # A few received bytes may take long to decompress: let other tasks run.
                await asyncio.sleep(0)


class HttpClient:
    """Sends requests through a ``gate``, for one ``purpose``.

    ``context`` verifies the certificates of https servers; ``unix_socket`` replaces the URL's host and port.
    """

    def __init__(
        self,
        gate: SocketGate,
        purpose: Purpose,
        *,
        context: ssl.SSLContext | None = None,
        unix_socket: Path | None = None,
        look_up: LookUp = OF_CONFIGURED,
    ) -> None:
        self._backend = GuardedBackend(gate, purpose, look_up)
        self._context = context
        self._unix_socket = unix_socket

    @asynccontextmanager
    async def ask(
        self, request: HttpRequest, *, address: str | None = None, zone: str = ""
    ) -> AsyncIterator[HttpAnswer]:
        """The answer, including redirects; ``address`` is the address of the URL's host, if known, and ``zone``
        the zone whose rules hold.

        Raises:
            HttpError: if there is no answer, or it is incomplete.
        """
        try:
            url = httpx.URL(request.url)
            if url.scheme == "https" and self._context is None:
                self._context = ssl.create_default_context()
            async with (
                httpcore.AsyncConnectionPool(
                    ssl_context=self._context,
                    uds=None if self._unix_socket is None else str(self._unix_socket),
                    network_backend=self._backend.at(address, zone),
                ) as pool,
                pool.stream(
                    "GET" if request.body is None else "POST",
                    core_url(url),
                    headers=_headers(url, request),
                    content=request.body,
                ) as response,
            ):
                yield HttpAnswer(response, accepts_gzip=request.accepts_gzip)
        except DeniedError as denied:
            raise HttpError(f"must not be contacted: {denied}") from denied
        except TRANSPORT_ERRORS as error:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise HttpError(f"could not be read: {words.rstrip('.')}") from error


def core_url(url: httpx.URL) -> httpcore.URL:
    """The URL in the form of the library below httpx."""
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _headers(url: httpx.URL, request: HttpRequest) -> list[tuple[str, str]]:
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Accept": "*/*",
        "Accept-Encoding": "gzip" if request.accepts_gzip else _PLAIN,
        "Connection": "close",
    }
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    return [*headers.items(), *request.headers.items()]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens httpcore's connections, only to addresses that the gate allows."""

    def __init__(
        self,
        gate: SocketGate,
        purpose: Purpose,
        look_up: LookUp = OF_CONFIGURED,
        address: str | None = None,
    ) -> None:
        self._gate = gate
        self._purpose = purpose
        self._look_up = look_up
        self._address = address
        self._sockets = httpcore.AnyIOBackend()

    def at(self, address: str | None, zone: str) -> GuardedBackend:
        """The same for a host with a known address, in that zone."""
        return GuardedBackend(self._gate.in_zone(zone), self._purpose, self._look_up, address)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first allowed address that accepts one."""
        gate = self._gate.named(host)
        addresses = await judged_addresses(
            gate, self._address or host, port, self._purpose, self._look_up
        )
        failure: httpcore.ConnectError | None = None
        for address in addresses:
            try:
                return await self._sockets.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore.ConnectError as error:
                failure = failure or error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's)
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to that Unix socket."""
        refusal = self._gate.socket_refusal(Path(path), self._purpose)
        if refusal is not None:
            raise DeniedError(refusal)
        return await self._sockets.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        """httpcore's wait between retries; there are none."""
        await asyncio.sleep(seconds)
