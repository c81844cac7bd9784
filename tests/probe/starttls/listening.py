"""Waits until a loopback port accepts connections, for servers that do not announce that they are ready."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

from tests.zoo.process import READY_WITHIN_SECONDS, ServerDidNotStartError

_PAUSE_SECONDS = 0.02


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the port accepts a connection.

    Raises:
        ServerDidNotStartError: if it does not in time, or if the process has ended.
    """
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not _listens(port):
        if time.monotonic() > deadline or process.poll() is not None:
            raise ServerDidNotStartError(f"nothing listens on port {port}: {log.read_text()}")
        time.sleep(_PAUSE_SECONDS)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False
