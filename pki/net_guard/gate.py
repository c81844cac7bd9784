"""The one gate: whether a socket to this address and port may be opened, and if not, why.

The code that opens the socket (``pki.net_guard.opening``) checks the exact address that it connects to, after
name resolution: so neither another spelling nor a name that resolves differently the next time bypasses the
gate. Code that wants to know in advance, such as discovery, asks the same gate.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from model.application_protocol import URL_PORTS
from model.target import Target, is_ip_address
from pki.net_guard.addresses import Network, embedded, is_public, parse_address
from pki.net_guard.deny import DenyList
from pki.net_guard.reserved import is_control_socket, reserved_kind

WEB_PORTS: Final = frozenset(URL_PORTS.values())


class Purpose(StrEnum):
    """The purpose of a socket."""

    PROBE = "probe"
    """To probe a server that a source or a person named."""
    FETCH = "fetch"
    """To fetch a URL from a certificate, which may be any URL."""
    PROXY = "proxy"
    """To reach a server through a configured proxy."""
    SOURCE = "source"
    """To query a discovery source, whose URL the user configured: ``deny`` applies only to probing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketGate:
    """Which sockets may be opened.

    Entries of ``deny`` are never contacted. If ``guards_reserved`` is set, as in the service, neither are reserved
    addresses (``pki.net_guard.reserved``) outside the networks in ``allow``. ``names`` are the names that
    resolved to the address; ``deny`` applies to them as well. URLs from certificates are fetched only from
    the public internet and ``fetch_networks``, at ``fetch_ports``.
    """

    deny: DenyList = field(default_factory=DenyList)
    allow: tuple[Network, ...] = ()
    guards_reserved: bool = False
    names: frozenset[str] = frozenset()
    fetch_networks: tuple[Network, ...] = ()
    fetch_ports: frozenset[int] = WEB_PORTS

    def named(self, *names: str | None) -> SocketGate:
        """The same gate for an address that these names resolved to."""
        return replace(self, names=frozenset(name for name in names if name is not None))

    def refusal(self, address: str, port: int, purpose: Purpose = Purpose.PROBE) -> str | None:
        """Why no socket to this address may be opened, as a clause; None if it may."""
        if parse_address(address) is None:
            return f"{address!r} is not an IP address, and only resolved addresses can be checked"
        if purpose is not Purpose.SOURCE:
            denied = self._denied((address, *sorted(self.names)), port)
            if denied is not None:
                return denied
        return self._reserved(address, purpose) or (
            self._not_fetched(address, port) if purpose is Purpose.FETCH else None
        )

    def socket_refusal(self, path: Path, purpose: Purpose = Purpose.PROBE) -> str | None:
        """Why this Unix socket may not be opened, as a clause; None if it may."""
        if purpose is Purpose.SOURCE:
            return None
        for spelling in {os.path.realpath(path), os.path.abspath(path)}:
            entry = self.deny.entry_for_socket(spelling)
            if entry is not None:
                return _by_deny(spelling, entry)
            if self.guards_reserved and is_control_socket(spelling):
                return f"{spelling} is a socket that controls this machine, which is never probed"
        return None

    def target_refusal(self, target: Target) -> str | None:
        """Why the target may not be probed, as far as this is known before its name is resolved."""
        hosts = dict.fromkeys((target.host, target.server_name or target.host))
        denied = self._denied(hosts, target.port)
        if denied is not None or not is_ip_address(target.host):
            return denied
        return self.refusal(target.host, target.port)

    def forbids(self, target: Target) -> bool:
        """Whether ``target_refusal`` has a reason."""
        return self.target_refusal(target) is not None

    def _denied(self, hosts: tuple[str, ...] | dict[str, None], port: int) -> str | None:
        for host in hosts:
            entry = self.deny.entry_for(host, port)
            if entry is not None:
                return _by_deny(f"{host} at port {port}", entry)
        return None

    def _reserved(self, text: str, purpose: Purpose) -> str | None:
        address = parse_address(text)
        if not self.guards_reserved or address is None:
            return None
        open_networks = (*self.allow, *(self.fetch_networks if purpose is Purpose.FETCH else ()))
        if any(
            one in network for one in (address, *embedded(address)) for network in open_networks
        ):
            return None
        kind = reserved_kind(address)
        if kind is None:
            return None
        return f"{text} is {kind}, which is never probed unless the configuration allows it (allow)"

    def _not_fetched(self, text: str, port: int) -> str | None:
        address = parse_address(text)
        if port not in self.fetch_ports:
            ports = ", ".join(map(str, sorted(self.fetch_ports)))
            return (
                f"port {port} is not allowed for URLs in certificates (probe.fetch_ports: {ports})"
            )
        if address is None or is_public(address):
            return None
        if any(address in network for network in self.fetch_networks):
            return None
        return (
            f"{text} is in a network that is not allowed for URLs in certificates "
            "(probe.fetch_networks)"
        )


def _by_deny(what: str, entry: str) -> str:
    return f"denied by the configuration (deny): {what} is covered by {entry!r}"
