"""Opens the sockets for probing, fetching and discovery: the only code that does, and always through the gate.

A name is resolved here, each address is checked, and the connection goes to exactly the checked address.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from model.target import is_ip_address
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.look_up import OF_CONFIGURED, LookUp, address_in
from pki.net_guard.shortage import note_shortage
from pki.net_guard.zones import connect_in_zone, connected_datagram_socket, zone_of

StreamProtocol = TypeVar("StreamProtocol", bound=asyncio.Protocol)
PacketProtocol = TypeVar("PacketProtocol", bound=asyncio.DatagramProtocol)


class DeniedError(OSError):
    """The gate refused the socket, and nothing was sent; the message is a clause that says why."""


async def judged_addresses(
    gate: SocketGate,
    host: str,
    port: int,
    purpose: Purpose,
    look_up: LookUp = OF_CONFIGURED,
) -> tuple[str, ...]:
    """The addresses of ``host`` that may be contacted, in the resolver's order; at least one.

    Raises:
        DeniedError: if all are denied.
        OSError: if the name does not resolve.
    """
    gate = gate if is_ip_address(host) else gate.named(*gate.names, host)
    found = [host]
    if not is_ip_address(host):
        found = [address_in(place) for *_, place in await look_up(host, port)]
    refusals = {address: gate.refusal(address, port, purpose) for address in found}
    allowed = tuple(address for address, refusal in refusals.items() if refusal is None)
    if not allowed:
        raise DeniedError(next(iter(refusals.values()), None) or f"{host} has no address")
    return allowed


async def open_tcp(
    gate: SocketGate,
    make_protocol: Callable[[], StreamProtocol],
    place: tuple[str, int],
    *,
    source_address: str | None = None,
    purpose: Purpose = Purpose.PROBE,
) -> tuple[asyncio.Transport, StreamProtocol]:
    """A connection to the first allowed address of that host that accepts one.

    Raises:
        DeniedError: if all addresses are denied.
        OSError: if no connection can be made.
    """
    host, port = place
    source = None if source_address is None else (source_address, 0)
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in await judged_addresses(gate, host, port, purpose):
        try:
            if zone_of(address):
                scoped = await connect_in_zone((address, port), source)
                return await loop.create_connection(make_protocol, sock=scoped)
            return await loop.create_connection(make_protocol, address, port, local_addr=source)
        except OSError as error:
            note_shortage(error)
            failure = failure or error
    raise failure or OSError(f"{host} has no address")


async def connected_socket(
    gate: SocketGate, place: tuple[str, int], purpose: Purpose
) -> socket.socket:
    """A connected TCP socket, for a library that takes one; otherwise as ``open_tcp``."""
    host, port = place
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for address in await judged_addresses(gate, host, port, purpose):
        if zone_of(address):
            return await connect_in_zone((address, port), None)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setblocking(False)
        try:
            await loop.sock_connect(found, (address, port))
        except OSError as error:
            found.close()
            failure = failure or error
        except BaseException:
            found.close()
            raise
        else:
            return found
    raise failure or OSError(f"{host} has no address")


async def open_udp(
    gate: SocketGate,
    make_protocol: Callable[[], PacketProtocol],
    place: tuple[str, int],
    *,
    source_address: str | None = None,
) -> tuple[asyncio.DatagramTransport, PacketProtocol]:
    """A UDP socket that exchanges packets only with that address and port.

    Raises:
        DeniedError: if the address is denied.
        OSError: if the socket cannot be opened.
    """
    refusal = gate.refusal(*place)
    if refusal is not None:
        raise DeniedError(refusal)
    source = None if source_address is None else (source_address, 0)
    loop = asyncio.get_running_loop()
    if zone_of(place[0]):
        scoped = connected_datagram_socket(place, source)
        return await loop.create_datagram_endpoint(make_protocol, sock=scoped)
    return await loop.create_datagram_endpoint(make_protocol, local_addr=source, remote_addr=place)


async def open_unix(
    gate: SocketGate, make_protocol: Callable[[], StreamProtocol], path: Path
) -> tuple[asyncio.Transport, StreamProtocol]:
    """A connection to a Unix socket.

    Raises:
            DeniedError: if it is denied.
            OSError: if no connection can be made.
    """
    refusal = gate.socket_refusal(path)
    if refusal is not None:
        raise DeniedError(refusal)
    loop = asyncio.get_running_loop()
    return await loop.create_unix_connection(make_protocol, str(path))
