"""The identity of a client for limits: its IPv4 address, or the /64 network of its IPv6 address."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request

_UNKNOWN = "unknown"


def caller_of(address_text: str) -> str:
    """The caller that ``address_text`` belongs to.

    A host can choose any address of an IPv6 /64 (RFC 4291 section 2.5.4), so a /64 counts as one caller.
    """
    try:
        address = ipaddress.ip_address(address_text.partition("%")[0])
    except ValueError:
        return _UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def caller_of_request(request: Request) -> str:
    """The caller of ``request``, by the address of its connection; forwarding headers are ignored."""
    return _UNKNOWN if request.client is None else caller_of(request.client.host)


def is_loopback(address_text: str) -> bool:
    """Whether the address is one of this machine's own loopback addresses."""
    try:
        address = ipaddress.ip_address(address_text.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
