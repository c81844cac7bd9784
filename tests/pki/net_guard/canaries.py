"""Listeners on loopback that nothing may reach, and a record of every connected socket."""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.ports import free_port

_recorders: list[Sockets] = []


@dataclass
class Sockets:
    """``connected`` are the addresses of all requested connections, UDP included; ``resolving`` the threads
    that looked up names."""

    connected: list[str] = field(default_factory=list)
    resolving: list[str] = field(default_factory=list)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): it prevents an event by raising, so no test can leave loopback."""
    if not _recorders:
        return
    if event == "socket.getaddrinfo":
        for one in _recorders:
            one.resolving.append(threading.current_thread().name)
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        address = str(arguments[1][0])
        for one in _recorders:
            one.connected.append(address)
        if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            raise AssertionError(f"a socket would have been connected to {address}")


sys.addaudithook(_hear)


@contextmanager
def recorded_sockets() -> Iterator[Sockets]:
    """Records every socket that asyncio's own loop connects while the context lasts."""
    sockets = Sockets()
    _recorders.append(sockets)
    try:
        yield sockets
    finally:
        _recorders.remove(sockets)


@dataclass
class Canary:
    """Listens for TCP and UDP at one ``port`` of 127.0.0.1, 127.0.0.2 and, if there is IPv6, ::1."""

    port: int
    _streams: list[socket.socket]
    _packets: list[socket.socket]

    def is_untouched(self) -> bool:
        """Whether no connection and no packet has arrived."""
        for one in (*self._streams, *self._packets):
            try:
                if one.type == socket.SOCK_STREAM:
                    one.accept()[0].close()
                else:
                    one.recv(1)
            except BlockingIOError:
                continue
            return False
        return True


@contextmanager
def canary() -> Iterator[Canary]:
    """A canary, while the context lasts."""
    port = free_port()
    streams: list[socket.socket] = []
    packets: list[socket.socket] = []
    try:
        for address in ("127.0.0.1", "127.0.0.2", "::1"):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family == socket.AF_INET6 and not _has_ipv6():
                continue
            for kind, kept in ((socket.SOCK_STREAM, streams), (socket.SOCK_DGRAM, packets)):
                one = socket.socket(family, kind)
                kept.append(one)
                one.bind((address, port))
                one.setblocking(False)
                if kind == socket.SOCK_STREAM:
                    one.listen()
        yield Canary(port, streams, packets)
    finally:
        for one in (*streams, *packets):
            one.close()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probing:
            probing.bind(("::1", 0))
    except OSError:
        return False
    return True
