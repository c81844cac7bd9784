"""What must never be probed, whatever any source says: networks, names, and single ports of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypeAlias

from model.target import Target, is_ip_address
from probe.resolve import Resolution

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class _Denied:
    """One entry: a network, or a pattern of host names; of all ports where ``port`` is None."""

    network: _Network | None
    pattern: str
    port: int | None

    def holds_for(self, host: str, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        if is_ip_address(host):
            address = ipaddress.ip_address(host.partition("%")[0])
            return self.network is not None and address in self.network
        return self.network is None and fnmatchcase(host.lower(), self.pattern)


class DenyList:
    """Entries such as ``10.9.0.0/16``, ``192.0.2.7:5432``, ``*.corp.example`` or ``db.example:5432``.

    Raises:
        ValueError: for the first entry that is none; the message says what it must be.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._entries = tuple(_parse(entry) for entry in entries)

    def forbids(self, target: Target) -> bool:
        """Whether the target is denied by its host or by the name that it is asked for."""
        hosts = {target.host, target.server_name or target.host}
        return any(self.forbids_address(host, target.port) for host in hosts)

    def forbids_address(self, host: str, port: int) -> bool:
        """Whether this address, or name, is denied at this port."""
        return any(entry.holds_for(host, port) for entry in self._entries)

    def allowed(self, found: Resolution) -> Resolution:
        """Without the addresses that are denied, whatever name leads to them."""
        endpoints = tuple(
            endpoint
            for endpoint in found.endpoints
            if not self.forbids_address(endpoint.address or "", endpoint.target.port)
        )
        return replace(found, endpoints=endpoints)


def _parse(entry: str) -> _Denied:
    text = entry.strip()
    network = _network(text)
    if network is not None:
        return _Denied(network=network, pattern="", port=None)
    place, has_port, port_text = text.rpartition(":")
    is_port = port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536
    if has_port and not is_port:
        raise ValueError(f"{entry!r} must be a network or a host name, with or without :port")
    port = int(port_text) if has_port else None
    where = (place if has_port else text).strip("[]")
    if not where or any(one.isspace() or one in "/:" for one in where if not _network(where)):
        raise ValueError(f"{entry!r} must be a network or a host name, with or without :port")
    return _Denied(network=_network(where), pattern=where.lower(), port=port)


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
