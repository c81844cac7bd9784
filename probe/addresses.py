"""Which addresses a stranger may lead us to: those of the public internet, and no way around into another.

``is_global`` of the standard library calls public what gateways turn into any IPv4 address (RFC 6052,
RFC 3056), and old kinds of private IPv6: so an address counts by the IPv4 address inside it, and one of
IPv6 only where IANA hands out global unicast.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LAST_32_BITS: Final = 0xFFFFFFFF


def is_public(address: Address) -> bool:
    """Whether it is of the public internet, whatever translates it on the way."""
    inner = embedded(address)
    if inner is not None:
        return is_public(inner)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one of IPv6 may end at."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address.sixtofour
