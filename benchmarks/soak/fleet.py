"""The servers of the soak: real TLS servers of this process, each on a loopback address of its own.

Each server can change: it serves another certificate, or another set of versions, or does not listen for a while.
``Planted`` is one such change, in the words of ``tlsprobe changes``: what the service must find, and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

from model.observation import State
from service.demo.authority import DemoAuthority
from service.demo.tls_server import TlsServer
from tests.support.ports import free_port

LEAF: Final = "certificates.ecdsa.leaf"
TLS_1_3: Final = "protocols.TLSv1.3"
STATE: Final = "state"
PLANTED_FACTS: Final = frozenset({LEAF, TLS_1_3, STATE})
"""The facts of changes that only a plant causes. Other facts, such as groups, change with the versions."""

_FIRST_ADDRESS: Final = int(ip_address("127.3.0.1"))
_DAYS: Final = 365
_PAGE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Planted:
    """A change of ``fact`` to ``after``, as the history must show it; None if the fact is gone."""

    fact: str
    after: str | None


@dataclass(slots=True, kw_only=True)
class Member:
    """One server: how it answers now, and what was planted on it so far, oldest first."""

    authority: DemoAuthority
    address: str
    port: int
    name: str
    has_tls_1_3: bool = True
    outages: int = 0
    planted: list[Planted] = field(default_factory=list)
    _server: TlsServer | None = None

    @property
    def row(self) -> str:
        """Its line in a file of targets with the columns target and server_name."""
        return f"{self.address}:{self.port},{self.name}\n"

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def start(self) -> str:
        """Listens with a new certificate; returns the certificate's SHA-256."""
        context, leaf = self._context()
        self._server = TlsServer(context, _PAGE)
        await self._server.start(self.address, self.port)
        return leaf

    async def stop(self) -> None:
        """Stops listening, and drops every connection."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def renew(self) -> None:
        """Plants another certificate."""
        await self.stop()
        self.planted.append(Planted(LEAF, await self.start()))

    async def change_versions(self) -> None:
        """Plants that TLS 1.3 is accepted, or not, from now on; with another certificate."""
        self.has_tls_1_3 = not self.has_tls_1_3
        self.planted.append(Planted(TLS_1_3, "yes" if self.has_tls_1_3 else None))
        await self.renew()

    async def fail(self) -> None:
        """Plants an outage."""
        await self.stop()
        self.outages += 1
        self.planted.append(Planted(STATE, State.REFUSED.value))

    async def come_back(self) -> None:
        """Plants the end of an outage; the server has another certificate."""
        self.planted.append(Planted(STATE, State.TLS.value))
        await self.renew()

    def _context(self) -> tuple[SSL.Context, str]:
        leaf = self.authority.server(self.name, "ecdsa", _DAYS)
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_max_proto_version(
            SSL.TLS1_3_VERSION if self.has_tls_1_3 else SSL.TLS1_2_VERSION
        )
        # A server without a session ID context refuses a client that resumes with a ticket.
        context.set_session_id(self.name.encode("ascii"))
        context.set_tmp_ecdh(ec.SECP256R1())
        context.use_certificate(leaf.certificate)
        context.use_privatekey(leaf.private_key)
        context.add_extra_chain_cert(self.authority.intermediate.certificate)
        return context, leaf.certificate.fingerprint(hashes.SHA256()).hex()


@asynccontextmanager
async def changing_fleet(count: int, directory: Path) -> AsyncIterator[Sequence[Member]]:
    """``count`` servers while the context lasts; ``directory`` gets their authority's root.pem and targets.csv."""
    authority = DemoAuthority(datetime.now(UTC))
    members = [
        Member(
            authority=authority,
            address=str(ip_address(_FIRST_ADDRESS + place)),
            port=free_port(),
            name=f"soak-{place}.demo.test",
        )
        for place in range(count)
    ]
    (directory / "root.pem").write_bytes(authority.root.certificate_pem())
    rows = "".join(member.row for member in members)
    (directory / "targets.csv").write_text(f"target,server_name\n{rows}")
    async with AsyncExitStack() as stack:
        for member in members:
            stack.push_async_callback(member.stop)
            await member.start()
        yield members
