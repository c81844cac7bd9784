"""Which addresses ``/probe`` may ask: a stranger who reaches the page must not reach more by it.

Judged after the name was resolved, and the address that was judged is the one that is connected to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from probe.addresses import Address, Network, embedded
from probe.discovery.deny import DenyList

_METADATA: Final = frozenset(
    {
        ipaddress.ip_address("fd00:ec2::254"),  # AWS, by IPv6
        ipaddress.ip_address("100.100.100.200"),  # Alibaba Cloud
        ipaddress.ip_address("168.63.129.16"),  # Azure
        ipaddress.ip_address("192.0.0.192"),  # Oracle Cloud
    }
)
"""Metadata services that are not at link-local addresses, as most are (169.254.169.254)."""


class Allowed:
    """``networks`` may be asked, and what ``deny`` has may not."""

    def __init__(self, networks: Sequence[Network], deny: DenyList) -> None:
        self._networks = networks
        self._deny = deny

    @property
    def is_for_the_inventory_alone(self) -> bool:
        """Whether there is no network to ask besides."""
        return not self._networks

    def refusal(self, address_text: str, port: int, *, is_known: bool) -> str | None:
        """Why that address may not be asked, None where it may.

        ``is_known`` is whether the target is in the inventory, whose networks need not be named.
        """
        address = ipaddress.ip_address(address_text.partition("%")[0])
        inner = embedded(address) or address
        if any(map(_is_never_asked, (address, inner))):
            return (
                f"{address} is a link-local, multicast or metadata address, which is never probed"
            )
        if self._deny.forbids_address(str(inner), port) or self._deny.forbids_address(
            str(address), port
        ):
            return f"{address} is denied by the configuration (deny)"
        if is_known or any(inner in network for network in self._networks):
            return None
        return f"{address} is in none of the networks that may be probed (on_demand.networks)"


def _is_never_asked(address: Address) -> bool:
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
        or str(address) == "255.255.255.255"
    )
