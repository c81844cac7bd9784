"""The way to an address: direct, through a proxy, from a local address or over a Unix socket, with the bytes
that come first.

A refusal by a proxy says nothing about the server: it is a failure of its own kind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

from model.frozen import frozen
from model.target import is_ip_address
from pki.net_guard.gate import Purpose, SocketGate
from probe.budget import VisitBudget
from probe.connect.dial import Connection, DialAddress, dial
from probe.connect.proxy.proxy_protocol import ProxyProtocol, proxy_header
from probe.connect.proxy.socks5 import Socks5
from probe.connect.proxy.tunnel import TunnelEnd, TunnelFailed
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.dialogue import Dialogue


class ProxyKind(StrEnum):
    """The protocol of a proxy."""

    HTTP = "http"
    SOCKS5 = "socks5"


@frozen
class Proxy:
    """A proxy with the user's name and password for it, which are never shown."""

    kind: ProxyKind
    host: str
    port: int
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    def tunnel(self, address: str, port: int) -> Dialogue[TunnelEnd]:
        """The first Dialogue with the proxy, which opens the tunnel to ``address``."""
        if self.kind is ProxyKind.SOCKS5:
            return Socks5(address, port, self.credentials)
        from probe.connect.proxy.http_connect import HttpConnect

        return HttpConnect(address, port, self.credentials)


@frozen
class Route:
    """``source_address`` is the local address to connect from. ``unix_socket`` replaces address and port. The
    ``proxy_protocol`` header is sent first on each connection, after the dialogue with a proxy. ``missing``
    names what the route lacks, and ``unasked`` why the protocol allows no question; then no connection is tried.
    The ``gate`` decides what may be asked, over any route."""

    proxy: Proxy | None = None
    proxy_protocol: ProxyProtocol | None = None
    source_address: str | None = None
    unix_socket: Path | None = None
    missing: str | None = None
    unasked: str | None = None
    gate: SocketGate = field(default_factory=SocketGate)

    @property
    def refusal(self) -> ConnectFailure | None:
        """Why no connection is tried; None if one may be."""
        if self.unasked is not None:
            return ConnectFailure(kind=FailureKind.DENIED, detail=self.unasked)
        if self.missing is not None:
            return ConnectFailure(kind=FailureKind.UNREACHABLE, detail=self.missing)
        return None


STRAIGHT: Final = Route()


def check_source_address(text: str | None) -> str | None:
    """Check that ``text``, if there is one, is a local address. Raises ValueError."""
    if text is not None and not is_ip_address(text):
        raise ValueError(f"{text!r} is not an IP address: use an address of this machine")
    return text


Reach: TypeAlias = Callable[
    [VisitBudget, str, int, float, Route], Awaitable[Connection | ConnectFailure]
]
"""Opens a connection as ``reach`` does."""


async def reach(
    budget: VisitBudget, address: str, port: int, timeout_seconds: float, route: Route
) -> Connection | ConnectFailure:
    """A connection on which the server speaks next, or the reason why there is none."""
    if route.refusal is not None:
        return route.refusal
    # A detour leads to the same address in the end, so it is judged as if it were dialled here.
    refusal = route.gate.refusal(address, port)
    if refusal is not None:
        return ConnectFailure(kind=FailureKind.DENIED, detail=refusal)
    proxy = route.proxy
    place = DialAddress(
        address=address if proxy is None else proxy.host,
        port=port if proxy is None else proxy.port,
        source_address=route.source_address,
        unix_socket=route.unix_socket,
        gate=route.gate if proxy is None else route.gate.named(),
        purpose=Purpose.PROBE if proxy is None else Purpose.PROXY,
    )
    connection = await dial(budget, place, timeout_seconds)
    if proxy is not None:
        connection = await _pass_through(connection, proxy, (address, port), timeout_seconds)
    if route.proxy_protocol is not None and isinstance(connection, Connection):
        # Through a proxy or a Unix socket, the server does not see a local address of ours.
        is_straight = proxy is None and route.unix_socket is None
        source = connection.source if is_straight else None
        connection.send(proxy_header(route.proxy_protocol, source, (address, port)))
    return connection


async def _pass_through(
    connection: Connection | ConnectFailure,
    proxy: Proxy,
    place: tuple[str, int],
    timeout_seconds: float,
) -> Connection | ConnectFailure:
    if isinstance(connection, ConnectFailure):
        kind = connection.kind if connection.is_ours else FailureKind.UNREACHABLE
        detail = f"the proxy {proxy.host} cannot be reached: {connection.detail}"
        return ConnectFailure(kind=kind, detail=detail)
    end = await connection.carry(proxy.tunnel(*place), timeout_seconds)
    if isinstance(end, ConnectFailure):
        await connection.close()
        return end
    if isinstance(end, TunnelFailed):
        await connection.close()
        return ConnectFailure(kind=end.kind, detail=end.detail)
    connection.unread(end.surplus)
    return connection
