"""An HTTP client for what strangers answer: past the gate, without redirects, bounded in bytes as they are after decompression.

Each request has a connection of its own. The name in the URL is looked up in threads of its own and judged, and the
connection goes to the address that was judged; how long all of it may take is the caller's ``asyncio.timeout``.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.look_up import OF_CONFIGURED, LookUp
from pki.net_guard.opening import DeniedError, judged_addresses

_PIECE: Final = 2**16
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = "identity"
_FAILURES: Final = (
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


class HttpError(Exception):
    """There is no whole answer; the message is a clause such as "sends more than 1000 bytes"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What is asked: a POST where there is a ``body``."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    accepts_gzip: bool = False


class HttpAnswer:
    """An answer whose body is still to come."""

    def __init__(self, response: httpcore.Response, *, accepts_gzip: bool) -> None:
        self._response = response
        self._accepts_gzip = accepts_gzip
        self.status = response.status
        self.headers = httpx.Headers(response.headers)

    async def body(self, most_bytes: int, on_bytes: Callable[[int], None] | None = None) -> bytes:
        """The whole body; ``on_bytes`` hears how many bytes the connection brought, as they come.

        Raises:
            HttpError: where it is longer, or compressed in a way that was not asked for.
        """
        received = bytearray()
        async for piece in self.pieces(on_bytes):
            received += piece
            if len(received) > most_bytes:
                raise HttpError(f"sends more than {most_bytes} bytes")
        return bytes(received)

    async def pieces(self, on_bytes: Callable[[int], None] | None = None) -> AsyncIterator[bytes]:
        """The body as it comes, at most 64 KiB of it at once however well they are compressed."""
        encoding = self.headers.get("content-encoding", _PLAIN).lower()
        is_packed = self._accepts_gzip and encoding == "gzip"
        if encoding != _PLAIN and not is_packed:
            raise HttpError("sends what is compressed, which was not asked for")
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
                # A little that is received may be a lot to unpack: others take their turns.
                await asyncio.sleep(0)


class HttpClient:
    """Asks within a ``gate``, for one ``purpose``.

    ``context`` judges servers' certificates, of https alone; ``unix_socket`` takes the place of the URL's host and port.
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
        self._backend = _GuardedBackend(gate, purpose, look_up)
        self._context = context
        self._unix_socket = unix_socket

    @asynccontextmanager
    async def ask(
        self, request: HttpRequest, *, address: str | None = None
    ) -> AsyncIterator[HttpAnswer]:
        """The answer, redirects as they come; ``address`` is where the URL's host is, where that is known.

        Raises:
            HttpError: where there is none, or it breaks off.
        """
        try:
            url = httpx.URL(request.url)
            if url.scheme == "https" and self._context is None:
                self._context = ssl.create_default_context()
            async with (
                httpcore.AsyncConnectionPool(
                    ssl_context=self._context,
                    uds=None if self._unix_socket is None else str(self._unix_socket),
                    network_backend=self._backend.at(address),
                ) as pool,
                pool.stream(
                    "GET" if request.body is None else "POST",
                    httpcore.URL(
                        scheme=url.raw_scheme,
                        host=url.raw_host,
                        port=url.port,
                        target=url.raw_path,
                    ),
                    headers=_headers(url, request),
                    content=request.body,
                ) as response,
            ):
                yield HttpAnswer(response, accepts_gzip=request.accepts_gzip)
        except DeniedError as denied:
            raise HttpError(f"may not be asked: {denied}") from denied
        except _FAILURES as error:
            words = " ".join(str(error).split())[:200] or type(error).__name__
            raise HttpError(f"could not be read: {words.rstrip('.')}") from error


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


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens httpcore's connections, to judged addresses alone."""

    def __init__(
        self, gate: SocketGate, purpose: Purpose, look_up: LookUp, address: str | None = None
    ) -> None:
        self._gate = gate
        self._purpose = purpose
        self._look_up = look_up
        self._address = address
        self._sockets = httpcore.AnyIOBackend()

    def at(self, address: str | None) -> _GuardedBackend:
        """The same for a host whose address is known."""
        return _GuardedBackend(self._gate, self._purpose, self._look_up, address)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first judged address that takes it."""
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
        """A connection to that socket of the file system."""
        refusal = self._gate.socket_refusal(Path(path), self._purpose)
        if refusal is not None:
            raise DeniedError(refusal)
        return await self._sockets.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        """As httpcore waits between tries, of which there are none."""
        await asyncio.sleep(seconds)
