"""The one gate: whether a socket to this address and port may be opened, and if not, why.

The code that opens the socket (``pki.net_guard.opening``) checks the exact address that it connects to, after
name resolution: so neither another spelling nor a name that resolves differently the next time bypasses the
gate. Code that wants to know in advance, such as discovery, asks the same gate.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from model.application_protocol import URL_PORTS
from model.frozen import frozen
from model.target import Target, is_ip_address
from model.target_labels import ZONE
from pki.net_guard.addresses import Network, embedded, is_public, parse_address
from pki.net_guard.deny import DenyList
from pki.net_guard.egress import EgressPolicy, denied_by
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
    """To query a discovery source, whose URL the user configured."""
    RECEIVER = "receiver"
    """To send notifications or metrics to a receiver that the user configured."""
    NAME_SERVER = "name_server"
    """To ask a name server of the configuration or of this machine; clouds have theirs at reserved addresses."""


_TO_PEERS: Final = frozenset({Purpose.PROBE, Purpose.FETCH})
_OF_PROBING: Final = frozenset({*_TO_PEERS, Purpose.PROXY})


@frozen
class SocketGate:
    """Which sockets may be opened.

    ``egress`` holds for every socket, by the ``zone`` of the target; its networks bound probes and fetches, whose
    addresses others choose. Entries of ``deny`` are never probed. If ``guards_reserved`` is set, as in the service,
    neither are reserved
    addresses (``pki.net_guard.reserved``) outside the networks in ``allow``. ``names`` are the names that
    resolved to the address; ``deny`` applies to them as well. URLs from certificates are fetched only from
    the public internet and ``fetch_networks``, at ``fetch_ports``.
    """

    egress: EgressPolicy = field(default_factory=EgressPolicy)
    zone: str = ""
    deny: DenyList = field(default_factory=DenyList)
    allow: tuple[Network, ...] = ()
    guards_reserved: bool = False
    names: frozenset[str] = frozenset()
    fetch_networks: tuple[Network, ...] = ()
    fetch_ports: frozenset[int] = WEB_PORTS

    def named(self, *names: str | None) -> SocketGate:
        """The same gate for an address that these names resolved to."""
        return replace(self, names=frozenset(name for name in names if name is not None))

    def for_target(self, target: Target) -> SocketGate:
        """The same gate for the addresses of this target, with the rules of its zone."""
        return replace(self.named(target.host, target.server_name), zone=zone_of_target(target))

    def in_zone(self, zone: str) -> SocketGate:
        """The same gate with the rules of that zone."""
        return self if zone == self.zone else replace(self, zone=zone)

    def refusal(self, address: str, port: int, purpose: Purpose = Purpose.PROBE) -> str | None:
        """Why no socket to this address may be opened, as a clause; None if it may."""
        if parse_address(address) is None:
            return f"{address!r} is not an IP address, and only resolved addresses can be checked"
        denied = self._denied((address, *sorted(self.names)), port, purpose)
        if denied is not None or purpose is Purpose.NAME_SERVER:
            return denied
        return (
            self._reserved(address, purpose)
            or (self.egress.outside(address, self.zone) if purpose in _TO_PEERS else None)
            or (self._not_fetched(address, port) if purpose is Purpose.FETCH else None)
        )

    def socket_refusal(self, path: Path, purpose: Purpose = Purpose.PROBE) -> str | None:
        """Why this Unix socket may not be opened, as a clause; None if it may."""
        for spelling in {os.path.realpath(path), os.path.abspath(path)}:
            denied = self.egress.socket_denial(spelling, self.zone)
            if denied is not None:
                return denied
            if purpose not in _OF_PROBING:
                continue
            entry = self.deny.entry_for_socket(spelling)
            if entry is not None:
                return denied_by("deny", spelling, entry)
            if self.guards_reserved and is_control_socket(spelling):
                return f"{spelling} is a socket that controls this machine, which is never probed"
        return None

    def target_refusal(self, target: Target) -> str | None:
        """Why the target may not be probed, as far as this is known before its name is resolved."""
        hosts = dict.fromkeys((target.host, target.server_name or target.host))
        gate = self.for_target(target)
        denied = gate._denied(hosts, target.port, Purpose.PROBE)
        if denied is not None or not is_ip_address(target.host):
            return denied
        return gate.refusal(target.host, target.port)

    def forbids(self, target: Target) -> bool:
        """Whether ``target_refusal`` has a reason."""
        return self.target_refusal(target) is not None

    def _denied(self, hosts: Collection[str], port: int, purpose: Purpose) -> str | None:
        denied = self.egress.denial(hosts, port, self.zone)
        if denied is not None or purpose not in _OF_PROBING:
            return denied
        for host in hosts:
            entry = self.deny.entry_for(host, port)
            if entry is not None:
                return denied_by("deny", f"{host} at port {port}", entry)
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


def zone_of_target(target: Target) -> str:
    """The zone that the target's label names; empty if it names none."""
    return target.labels.get(ZONE, "")
