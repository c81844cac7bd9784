"""Free loopback ports, for servers that must be told theirs and for places where nobody listens.

Between the choice of a port and its use another may take it. The kernel gives those of its
``ip_local_port_range`` (32768 and up) to every client and to whoever binds port 0, and probing takes them
by the thousand: so these lie below, and are drawn at random, for other test processes draw beside us.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence
from typing import Final

_PORTS: Final = range(12_000, 32_000)
_drawn: Final[set[int]] = set()
"""None is given twice in one process, whose earlier server on it may still be ending."""


def free_port() -> int:
    """One that is free for TCP and UDP alike."""
    while True:
        port = random.choice(_PORTS)
        if port not in _drawn and _is_free(port):
            _drawn.add(port)
            return port


def free_ports(count: int) -> Sequence[int]:
    """So many of them, all different."""
    return [free_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    try:
        with (
            socket.create_server(("127.0.0.1", port)),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets,
        ):
            packets.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
