"""Free loopback ports, for servers that must be told theirs and for places where nobody listens.

Between the choice of a port and its use another may take it. The kernel gives those of its
``ip_local_port_range`` (32768 and up) to every client and to whoever binds port 0, and probing takes them
by the thousand: so these lie below. Each process of a test run has ports of its own, and draws them at random,
for other runs may go on beside it.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Sequence
from typing import Final

_PROCESS: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PROCESSES: Final = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PORTS: Final = range(12_000 + _PROCESS, 32_000, _PROCESSES)
_DICE: Final = random.SystemRandom()
"""Not the generator that each test's seed sets: two runs of one seed would meet at the same ports."""

_drawn: Final[set[int]] = set()
"""None is given twice in one process, whose earlier server on it may still be ending."""


def free_port() -> int:
    """One that is free for TCP and UDP alike."""
    while True:
        port = _DICE.choice(_PORTS)
        if port not in _drawn and _is_free(port):
            _drawn.add(port)
            return port


def free_ports(count: int) -> Sequence[int]:
    """So many of them, all different."""
    return [free_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    """On every address, for some servers listen on loopback addresses of their own; nothing listens here."""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as bound:
                bound.bind(("", port))
    except OSError:
        return False
    return True
