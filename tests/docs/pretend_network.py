"""The servers that the pages mention, each at its own address in a network without other hosts.

``www.example.com`` and ``api.example.com`` have no problems. ``legacy.example.com`` has TLS 1.0 and a
certificate that expires in five days. ``mtls.example.com`` verifies client certificates,
``partners.example.com`` accepts any. ``shop.internal.example`` has a certificate of a private CA. Nothing
listens at ``closed.example.com``. ``db.internal`` is the PostgreSQL of the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from OpenSSL import SSL

from service.demo.authority import DemoAuthority, Issued
from service.demo.recipes import RECIPES, Recipe, issue, make_context
from service.demo.tls_server import TlsServer
from tests.docs.mail_network import MAIL_HOST, POLICY_HOST, POLICY_PAGE, mail_servers

_DEMO: Final = {recipe.name: recipe for recipe in RECIPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One server of the pages: its name, its address, and its settings from the demo."""

    name: str
    address: str
    like: str
    days_left: int = 60
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings that differ from the demo."""
    is_internal: bool = False
    verifies_clients: bool = True


_GOOD: Final = {"has_only_p256": True, "prefers_own_suites": False}
HOSTS: Final = (
    Host(name="www.example.com", address="127.1.0.1", like="modern", settings=_GOOD),
    Host(name="api.example.com", address="127.1.0.2", like="modern", settings=_GOOD),
    Host(name="legacy.example.com", address="127.1.0.3", like="legacy", days_left=5),
    Host(name="mtls.example.com", address="127.1.0.4", like="mtls"),
    Host(name="partners.example.com", address="127.1.0.5", like="mtls", verifies_clients=False),
    Host(
        name="shop.internal.example",
        address="127.1.0.6",
        like="modern",
        settings=_GOOD,
        is_internal=True,
    ),
)
CLOSED: Final = ("closed.example.com", "127.1.0.7")
DATABASE: Final = ("db.internal", "127.1.0.8")
_AHEAD: Final = timedelta(days=300)
"""The demo's certificates begin a year before its clock; with the clock this far ahead they last some hundred days."""

_REDIRECT: Final = (
    b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://%s/\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
_PAGE: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nStrict-Transport-Security: max-age=63072000\r\n"
    b"Content-Length: 3\r\nConnection: close\r\n\r\nok\n"
)


class _NamedRecipe(Recipe):
    """The settings of a demo server under a name from the pages."""

    @property
    def server_name(self) -> str:
        """The name itself."""
        return self.name


def hosts_file() -> str:
    """The names with their addresses, in the format of /etc/hosts."""
    pairs = [(host.name, host.address) for host in HOSTS]
    others = (CLOSED, DATABASE, MAIL_HOST, POLICY_HOST)
    lines = [f"{address} {name}" for name, address in (*pairs, *others)]
    return "\n".join(("127.0.0.1 localhost", *lines, ""))


def write_files(directory: Path, public: DemoAuthority, internal: DemoAuthority) -> None:
    """The reader's own files: the private CA, and a client certificate with its key."""
    (directory / "internal-ca.pem").write_bytes(internal.root.certificate_pem())
    client = public.client("billing.example.com")
    chain = client.certificate_pem() + public.intermediate.certificate_pem()
    (directory / "client.pem").write_bytes(chain)
    (directory / "client-key.pem").write_bytes(client.private_key_pem())


@asynccontextmanager
async def servers(
    directory: Path, database_socket: str | None, *, has_mail: bool = False
) -> AsyncIterator[Issued]:
    """All servers, those of the mail only on request, while the context lasts; yields the root of the public ones."""
    now = datetime.now(UTC)
    public, internal = DemoAuthority(now + _AHEAD), DemoAuthority(now + _AHEAD)
    write_files(directory, public, internal)
    async with AsyncExitStack() as stack:
        for host in HOSTS:
            context = _context(host, internal if host.is_internal else public)
            server = TlsServer(context, _PAGE)
            await server.start(host.address, 443)
            stack.push_async_callback(server.stop)
            await stack.enter_async_context(
                await asyncio.start_server(partial(_redirect, host.name), host.address, 80)
            )
        if has_mail:
            await stack.enter_async_context(_mail(directory, public))
        if database_socket is not None:
            relay = await asyncio.start_server(partial(_relay, database_socket), DATABASE[1], 5432)
            await stack.enter_async_context(relay)
        yield public.root


@asynccontextmanager
async def _mail(directory: Path, authority: DemoAuthority) -> AsyncIterator[None]:
    mail, policy = (
        Host(name=name, address=address, like="modern", settings=_GOOD)
        for name, address in (MAIL_HOST, POLICY_HOST)
    )
    web = TlsServer(_context(policy, authority), POLICY_PAGE)
    await web.start(policy.address, 443)
    issued, *_ = issue(_recipe(mail), authority)
    try:
        async with mail_servers(directory, issued, authority.intermediate):
            yield
    finally:
        await web.stop()


def _context(host: Host, authority: DemoAuthority) -> SSL.Context:
    recipe = _recipe(host)
    context = make_context(recipe, authority, issue(recipe, authority))
    if not host.verifies_clients:
        demands = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(demands, lambda *_: True)
    return context


def _recipe(host: Host) -> _NamedRecipe:
    like = _DEMO[host.like]
    settings = {one.name: getattr(like, one.name) for one in fields(like)}
    settings |= {"name": host.name, "days_left": host.days_left - _AHEAD.days, **host.settings}
    return _NamedRecipe(**settings)


async def _redirect(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(_REDIRECT % name.encode())
    writer.close()


async def _relay(socket: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Relays bytes to the Unix socket and back, until either side ends."""
    below, above = await asyncio.open_unix_connection(socket)
    async with asyncio.TaskGroup() as both:
        both.create_task(_pass_on(reader, above))
        both.create_task(_pass_on(below, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()
