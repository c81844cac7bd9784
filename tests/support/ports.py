"""Free loopback ports, for servers that need a port number and for addresses where nothing listens.

Between the choice of a port and its use another process may take it. The kernel assigns ports of its
``ip_local_port_range`` (32768 and up) to every client and to every server that binds port 0, and probing
takes them by the thousand. Therefore these ports are below that range. Each process of a test run has ports
of its own, and chooses them at random, because other runs may be in progress.
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
"""Not the generator that each test's seed sets: two runs with one seed would choose the same ports."""

_drawn: Final[set[int]] = set()
"""No port is used twice in one process, because the earlier server on it may still be stopping."""


def free_port() -> int:
    """A port that is free for both TCP and UDP."""
    while True:
        port = _DICE.choice(_PORTS)
        if port not in _drawn and _is_free(port):
            _drawn.add(port)
            return port


def free_ports(count: int) -> Sequence[int]:
    """``count`` different free ports."""
    return [free_port() for _ in range(count)]


def _is_free(port: int) -> bool:
    """Free on every address, because some servers use other loopback addresses; nothing listens here."""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as bound:
                bound.bind(("", port))
    except OSError:
        return False
    return True
