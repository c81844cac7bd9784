"""Real HTTP servers on loopback: files, redirects, silence, floods; and openssl's OCSP responder."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FLOOD = b"\x30" * 65536


@dataclass(slots=True)
class WebServer:
    """Its port, the content of each path (``packed`` by gzip), further ``headers``, and the requested paths."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    packed: dict[str, bytes] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    status: str = "200 OK"
    """Of what is found."""
    statuses: dict[str, str] = field(default_factory=dict)
    """Of single paths, in place of ``status``."""
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """The requests' first lines and headers."""
    _asking: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str) -> str:
        """The URL of that path."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def next_request(self) -> None:
        """Returns when a request arrives."""
        self._asking.clear()
        await self._asking.wait()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: ``/flood`` never ends, ``/silence`` never begins, ``/bomb`` is gzip-compressed zeros."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            self.asked.append(path)
            self.heads.append(head)
            self._asking.set()
            if path == "/silence":
                await reader.read()
            elif path == "/flood":
                writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while not writer.is_closing():
                    writer.write(FLOOD)
                    await writer.drain()
            elif path == "/bomb":
                body = gzip.compress(bytes(2**24))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n")
                writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            elif path in self.redirects:
                place = self.redirects[path]
                writer.write(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\n".encode())
                writer.write(b"Content-Length: 0\r\n\r\n")
            else:
                self._serve(writer, path)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _serve(self, writer: asyncio.StreamWriter, path: str) -> None:
        body = self.files.get(path, self.packed.get(path))
        found = self.statuses.get(path, self.status)
        status = "404 Not Found" if body is None else found
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body or b'')}\r\n".encode())
        for name, value in self.headers.items():
            writer.write(f"{name}: {value}\r\n".encode())
        writer.write(b"Content-Encoding: gzip\r\n\r\n" if path in self.packed else b"\r\n")
        writer.write(body or b"")


@asynccontextmanager
async def web_server(
    files: Mapping[str, bytes] | None = None, headers: Mapping[str, str] | None = None
) -> AsyncIterator[WebServer]:
    """A server while the context lasts."""
    server = WebServer(files=dict(files or {}), headers=headers or {})
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server
