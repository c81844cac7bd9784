"""The demo fleet: starts the six servers of ``RECIPES`` in this process and returns their addresses.

Certificates are created at the start and last as long as the fleet. The fleet's directory has the root that
clients must trust, and a client certificate for the server that requires one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from OpenSSL import SSL

from model.target import Target
from service.demo.authority import DemoAuthority
from service.demo.recipes import RECIPES, Recipe, issue, make_context
from service.demo.tls_server import TlsServer

HOST: Final = "127.0.0.1"
TRUST_STORE: Final = "demo"
_CLIENT_NAME: Final = "client.demo.test"


class DemoFleet:
    """Six TLS servers on loopback, for the duration of an ``async with`` block.

    ``first_port`` is the first of six consecutive ports; without it each server takes a free one.
    ``directory`` is for the PEM files, and is not removed; without it a temporary one is made and removed
    at the end. ``now`` is the aware time that decides which certificates are valid or expired.

    Entering raises OSError if a port is taken. Afterwards ``targets``, ``trust_stores`` (PEM files by
    name), ``certificates`` (PEM by the server's name, of its last key) and ``directory`` describe the fleet.
    """

    def __init__(
        self,
        *,
        directory: Path | None = None,
        first_port: int | None = None,
        now: datetime | None = None,
    ) -> None:
        self._given_directory = directory
        self._first_port = first_port
        self._now = now
        self._exit = AsyncExitStack()
        self.directory = Path()
        self.targets: tuple[Target, ...] = ()
        self.trust_stores: Mapping[str, Path] = {}
        self.servers: Mapping[str, TlsServer] = {}
        self.authority: DemoAuthority
        self.certificates: Mapping[str, bytes] = {}

    @property
    def client_certificate(self) -> Path:
        """A PEM file with key and chain; the server that requires client certificates accepts it."""
        return self.directory / "client.pem"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.directory = self._given_directory or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="tlsprobe-demo-"))
            )
            # Generating RSA keys is slow; do not block the event loop.
            contexts = await asyncio.to_thread(self._prepare)
            servers: dict[str, TlsServer] = {}
            targets: list[Target] = []
            for index, recipe in enumerate(RECIPES):
                server = TlsServer(contexts[recipe.name], _page(recipe))
                port = await server.start(HOST, self._first_port + index if self._first_port else 0)
                stack.push_async_callback(server.stop)
                servers[recipe.name] = server
                targets.append(_target(recipe, port))
            self.servers, self.targets = servers, tuple(targets)
            self.trust_stores = {TRUST_STORE: self.directory / "root.pem"}
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    def _prepare(self) -> Mapping[str, SSL.Context]:
        authority = DemoAuthority(self._now or datetime.now(UTC))
        client = authority.client(_CLIENT_NAME)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "root.pem").write_bytes(authority.root.certificate_pem())
        self.client_certificate.touch(mode=0o600)
        self.client_certificate.write_bytes(
            client.private_key_pem()
            + client.certificate_pem()
            + authority.intermediate.certificate_pem()
        )
        leaves = {recipe.name: issue(recipe, authority) for recipe in RECIPES}
        self.authority = authority
        self.certificates = {name: some[-1].certificate_pem() for name, some in leaves.items()}
        return {one.name: make_context(one, authority, leaves[one.name]) for one in RECIPES}


def _target(recipe: Recipe, port: int) -> Target:
    return Target(
        host=HOST,
        port=port,
        server_name=recipe.server_name,
        labels=recipe.labels,
        source="demo",
    )


def _page(recipe: Recipe) -> bytes:
    text = f"{recipe.server_name}\n{recipe.says}\n".encode("ascii")
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        f"Content-Length: {len(text)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + text
