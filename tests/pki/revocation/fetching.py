"""Gates with which tests fetch from servers on loopback, whose ports are not those of the web."""

from __future__ import annotations

import ipaddress

from pki.net_guard.addresses import Network
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from pki.revocation.fetch import Fetcher

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def fetch_gate(
    networks: tuple[Network, ...] = (), *, deny: DenyList | None = None, guards: bool = False
) -> SocketGate:
    """A gate through which fetches may reach these networks at any port."""
    return SocketGate(
        deny=deny or DenyList(),
        guards_reserved=guards,
        fetch_networks=networks,
        fetch_ports=frozenset(range(65536)),
    )


def fetcher() -> Fetcher:
    """A fetcher for loopback, on the running loop."""
    return Fetcher(fetch_gate(LOOPBACK), timeout_seconds=5.0)
