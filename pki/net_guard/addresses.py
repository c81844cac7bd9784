"""Where packets to an IP address really end: embedded IPv4 addresses, and whether it is public.

The standard library's ``is_global`` accepts addresses that gateways translate into any IPv4 address (RFC 6052,
RFC 3056), and old types of private IPv6. So every embedded IPv4 address counts, and an IPv6 address is
public only inside IANA's global unicast allocations.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_LAST_32_BITS: Final = 0xFFFFFFFF
_COMPATIBLE: Final = IPv6Network("::/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LAST_IS_IPV4: Final = (
    IPv6Network("::ffff:0:0/96"),
    IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
)
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_LOOPBACK_6: Final = IPv6Address("::1")
_RECENT_ADDRESSES: Final = 4096
"""How many texts are remembered: a visit asks about the same address several times for each connection."""


@lru_cache(maxsize=_RECENT_ADDRESSES)
def parse_address(text: str) -> Address | None:
    """The address that ``text`` represents, without its scope; None if it is not a literal."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet, including any translation on the way."""
    inner = embedded(address)
    if not all(map(is_public, inner)):
        return False
    if is_translated(address) or (isinstance(address, IPv6Address) and address.ipv4_mapped):
        return not _is_teredo(address)
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


def is_translated(address: Address) -> bool:
    """Whether an internet gateway translates it into its embedded IPv4 address: NAT64, 6to4 or Teredo."""
    return address in _NAT64 or address in _SIX_TO_FOUR or _is_teredo(address)


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses at which packets to this IPv6 address may end.

    IPv4-mapped and -compatible (RFC 4291, section 2.5.5), IPv4-translated (RFC 2765), NAT64 (RFC 6052 and RFC 8215),
    6to4 (RFC 3056), Teredo's server and client (RFC 4380, section 4) and ISATAP (RFC 5214, section 6.1).
    """
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    if address in _NAT64_LOCAL:
        return _of_local_nat64(number)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    is_compatible = address in _COMPATIBLE and number > int(_LOOPBACK_6)
    is_isatap = (number >> 32) & _LAST_32_BITS in _ISATAP
    if is_compatible or is_isatap or any(address in one for one in _LAST_IS_IPV4):
        return (_last(number),)
    return ()


def _is_teredo(address: Address) -> bool:
    return address in _TEREDO


def _last(number: int) -> IPv4Address:
    return IPv4Address(number & _LAST_32_BITS)


def _of_local_nat64(number: int) -> tuple[IPv4Address, ...]:
    """For each position that RFC 6052, section 2.2, allows in a prefix of that network; skips bits 64 to 71.

    A position that holds no address yields one in 0.0.0.0/8; the last 32 bits count if no other position does.
    """
    high, low = number >> 64, number & (2**64 - 1)
    skipped = low & (2**56 - 1)
    joined = high << 56 | skipped
    lengths = (48, 56, 64)
    found = [IPv4Address((joined >> (120 - length - 32)) & _LAST_32_BITS) for length in lengths]
    last = _last(number)
    sensible = [one for one in (*found, last) if one not in _THIS_NETWORK]
    return tuple(dict.fromkeys(sensible)) or (last,)
