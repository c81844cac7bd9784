"""Where this process may connect at all: the networks that are open to it, and those that never are, by zone.

A zone is the part of the network that a target's label ``zone`` names; its worker probes from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from model.frozen import frozen
from pki.net_guard.addresses import Network, embedded, is_translated, parse_address
from pki.net_guard.deny import DenyList


@frozen
class EgressRules:
    """The rules of one zone: servers are probed only in ``networks`` (None: everywhere), and nothing in ``deny``
    is ever contacted."""

    networks: tuple[Network, ...] | None = None
    deny: DenyList = field(default_factory=DenyList)


_ANYWHERE: Final = EgressRules()


@frozen
class EgressPolicy:
    """The rules of the configuration. The ``networks`` of a zone replace those of ``everywhere``; both deny."""

    everywhere: EgressRules = _ANYWHERE
    zones: Mapping[str, EgressRules] = field(default_factory=dict)

    def denial(self, hosts: Iterable[str], port: int, zone: str) -> str | None:
        """Why none of these names and addresses of one server may be contacted, as a clause; None if they may."""
        for host in hosts:
            for setting, deny in self._deny_lists(zone).items():
                entry = deny.entry_for(host, port)
                if entry is not None:
                    return denied_by(setting, f"{host} at port {port}", entry)
        return None

    def socket_denial(self, path: str, zone: str) -> str | None:
        """Why this Unix socket may not be opened, as a clause; None if it may."""
        for setting, deny in self._deny_lists(zone).items():
            entry = deny.entry_for_socket(path)
            if entry is not None:
                return denied_by(setting, path, entry)
        return None

    def _deny_lists(self, zone: str) -> Mapping[str, DenyList]:
        lists = {"egress.deny": self.everywhere.deny}
        if zone in self.zones:
            lists[f"egress.zones.{zone}.deny"] = self.zones[zone].deny
        return lists

    def outside(self, text: str, zone: str) -> str | None:
        """Why this address may not be probed: it is outside the networks; None if it is inside, or all are open."""
        setting, networks = "egress.networks", self.everywhere.networks
        of_zone = self.zones.get(zone, _ANYWHERE)
        if of_zone.networks is not None:
            setting, networks = f"egress.zones.{zone}.networks", of_zone.networks
        if networks is None or _is_inside(text, networks):
            return None
        return f"{text} is outside the networks that the configuration opens ({setting})"


def denied_by(setting: str, what: str, entry: str) -> str:
    """The clause about a server that an entry of a deny list covers."""
    return f"denied by the configuration ({setting}): {what} is covered by {entry!r}"


def _is_inside(text: str, networks: Iterable[Network]) -> bool:
    """Whether every address at which packets to ``text`` may end is in one of the networks."""
    address = parse_address(text)
    if address is None:
        return False
    ends = embedded(address)
    is_only_another_form = bool(ends) and (
        is_translated(address) or getattr(address, "ipv4_mapped", None) is not None
    )
    places = ends if is_only_another_form else (address, *ends)
    return all(any(place in network for network in networks) for place in places)
