"""Sockets to IPv6 addresses with a zone, such as ``fe80::1%eth0`` (RFC 4007).

The event loop uvloop drops the zone, so these sockets are connected here before a loop gets them.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TypeAlias

ScopedAddress: TypeAlias = tuple[str, int, int, int]
"""Address, port, flow label and the number of the interface."""


def zone_of(address: str) -> str:
    """The zone of an address; empty without one."""
    return address.partition("%")[2]


async def connect_in_zone(place: tuple[str, int], source: tuple[str, int] | None) -> socket.socket:
    """A TCP socket that is connected to the address in its zone.

    Raises:
        OSError: if there is no such interface, or the connection fails.
    """
    address = _scoped(place)
    found = _socket(socket.SOCK_STREAM, source)
    try:
        code = found.connect_ex(address)
        if code == errno.EINPROGRESS:
            await _writable(found)
            code = found.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        found.close()
        raise
    return found


def connected_datagram_socket(
    place: tuple[str, int], source: tuple[str, int] | None
) -> socket.socket:
    """A UDP socket that exchanges packets only with the address in its zone; raises OSError."""
    address = _scoped(place)
    found = _socket(socket.SOCK_DGRAM, source)
    try:
        found.connect(address)
    except OSError:
        found.close()
        raise
    return found


def _scoped(place: tuple[str, int]) -> ScopedAddress:
    """The socket address; the zone is an interface's name or number."""
    host, port = place
    address, _, zone = host.partition("%")
    try:
        number = int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
        socket.if_indextoname(number)
    except (OSError, OverflowError) as error:
        words = f"this machine has no network interface {zone!r}"
        raise OSError(errno.ENODEV, words) from error
    return address, port, 0, number


def _socket(kind: socket.SocketKind, source: tuple[str, int] | None) -> socket.socket:
    found = socket.socket(socket.AF_INET6, kind)
    try:
        found.setblocking(False)
        if source is not None:
            found.bind(_scoped(source) if zone_of(source[0]) else source)
    except OSError:
        found.close()
        raise
    return found


async def _writable(waiting: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    is_writable = asyncio.Event()
    loop.add_writer(waiting.fileno(), is_writable.set)
    try:
        await is_writable.wait()
    finally:
        loop.remove_writer(waiting.fileno())
