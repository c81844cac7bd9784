"""The PROXY protocol, versions 1 and 2: a preamble with the address of the client.

For servers behind a load balancer, which accept no connection without one (HAProxy's ``proxy-protocol.txt``,
sections 2.1 and 2.2). It carries the true value: our own address.
"""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import Final

from pki.byte_reader import vector

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_VERSION_AND_PROXY: Final = 0x21
_LOCAL: Final = _SIGNATURE + b"\x20\x00\x00\x00"
_STREAM: Final = {4: 0x11, 6: 0x21}


class ProxyProtocol(StrEnum):
    """Which version of the PROXY protocol is sent."""

    V1 = "v1"
    V2 = "v2"


def proxy_header(
    version: ProxyProtocol, source: tuple[str, int] | None, destination: tuple[str, int]
) -> bytes:
    """The header bytes; both arguments are address and port, of one family. Without a ``source`` they state
    that the connection is the sender's own, or of a kind without addresses."""
    if source is None:
        return _LOCAL if version is ProxyProtocol.V2 else b"PROXY UNKNOWN\r\n"
    ours = ipaddress.ip_address(source[0].partition("%")[0])
    theirs = ipaddress.ip_address(destination[0].partition("%")[0])
    if version is ProxyProtocol.V1:
        family = f"TCP{ours.version}"
        return f"PROXY {family} {ours} {theirs} {source[1]} {destination[1]}\r\n".encode("ascii")
    ports = source[1].to_bytes(2, "big") + destination[1].to_bytes(2, "big")
    head = _SIGNATURE + bytes((_VERSION_AND_PROXY, _STREAM[ours.version]))
    return head + vector(ours.packed + theirs.packed + ports, 2)
