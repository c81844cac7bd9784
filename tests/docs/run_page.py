"""Runs one page in a network of its own: ``unshare … python -m tests.docs.run_page PAGE [DATABASE_SOCKET]``.

The process runs in private namespaces: the only network is loopback, /etc/hosts has the names of
``pretend_network``, and Mozilla's trust store also has their root. The commands therefore run exactly as
written on the page. The program prints their output, then every difference from the page; the exit code is
then 1. This process is the first of its process namespace, so everything ends with it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import certifi
import httpx

from discovery.targets import MAIL_DOMAIN
from service.demo.authority import Issued
from tests.docs.mail_network import RESOLV_CONF
from tests.docs.page_blocks import Commands, File, missing_lines, runs_on, steps
from tests.docs.pretend_network import hosts_file, servers
from tests.support.plain_http import get

_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 0x1
_STATUS: Final = "http://127.0.0.1:9844/-/status"
_SECURE_STATUS: Final = "https://127.0.0.1:9844/-/status"
_PATIENCE_SECONDS: Final = 240.0


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        fcntl.ioctl(some, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _bind_file_over(text: str, place: str) -> None:
    """The file at ``place`` reads as ``text``, in this namespace only."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    subprocess.run(["mount", "--bind", file.name, place], check=True)
    os.unlink(file.name)


def _trust(root: Issued) -> None:
    """Adds the root to Mozilla's list and to the system's."""
    bundle = Path(certifi.where()).read_text() + root.certificate_pem().decode()
    for place in (certifi.where(), "/etc/ssl/certs/ca-certificates.crt"):
        if Path(place).is_file():
            _bind_file_over(bundle, place)


class _Session:
    """The reader's terminals: commands run one after another, and services keep running meanwhile."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if "TLSPROBE" not in name}
        self._environment = kept | {"PATH": path, "COLUMNS": "120", "NO_COLOR": "1"}
        self._services: list[tuple[str, subprocess.Popen[bytes], Path]] = []

    def run(self, step: Commands) -> Iterator[str]:
        """Runs all commands of ``step``; yields every difference from the page."""
        output = ""
        for command, code in step.commands:
            if runs_on(command):
                self._start(command)
                continue
            yield from self._wait_until_visited()
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_SECONDS,
                check=False,
            )
            output += done.stdout + done.stderr
            print(f"$ {command}\n{done.stdout}{done.stderr}", flush=True)
            if done.returncode != code:
                yield f"$ {command}\nended with {done.returncode}, not {code}"
        if missing := missing_lines(step.printed, output):
            asked = "; ".join(command for command, _ in step.commands)
            yield "\n".join((f"$ {asked}\ndid not print, in this order:", *missing))

    def _start(self, command: str) -> None:
        log = self._directory / f".service-{len(self._services)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._services.append((command, process, log))

    def _wait_until_visited(self) -> Iterator[str]:
        """Waits until the started service has visited everything that it knows."""
        if not self._services:
            return
        if not _within(
            _PATIENCE_SECONDS, lambda: self._has_ended() or _has_visited_all(self._directory)
        ):
            yield f"{self._services[0][0]}: not all was visited within {_PATIENCE_SECONDS} s"
        for command, process, log in self._services:
            if process.poll() is not None:
                yield f"$ {command}\nended with {process.returncode}:\n{log.read_text()}"

    def _has_ended(self) -> bool:
        return any(process.poll() is not None for _, process, _ in self._services)


def _has_visited_all(directory: Path) -> bool:
    """Whether the service is at rest; a secured one is asked with the page's token."""
    token = directory / "viewer-token"
    try:
        if token.is_file():
            header = {"authorization": f"Bearer {token.read_text().strip()}"}
            status = httpx.get(_SECURE_STATUS, headers=header, verify=False, timeout=5).json()  # noqa: S501
        else:
            status = get(_STATUS, timeout=5).json()
    except (httpx.HTTPError, ValueError):
        return False
    is_at_rest = status["probes_in_flight"] == status["queue_length"] == 0
    return bool(is_at_rest and 0 < status["endpoints"] == status["endpoints_probed"])


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _follow(page: str, directory: Path) -> list[str]:
    session = _Session(directory)
    faults: list[str] = []
    for step in steps(page):
        if isinstance(step, File):
            (directory / step.name).parent.mkdir(parents=True, exist_ok=True)
            (directory / step.name).write_text(step.text)
        elif isinstance(step, Commands):
            faults += session.run(step)
    return faults


async def _main(page: str, directory: Path, database_socket: str | None) -> int:
    _bring_up_loopback()
    _bind_file_over(hosts_file(), "/etc/hosts")
    has_mail = MAIL_DOMAIN in page
    if has_mail:
        _bind_file_over(RESOLV_CONF, "/etc/resolv.conf")
    async with servers(directory, database_socket, has_mail=has_mail) as root:
        _trust(root)
        faults = await asyncio.to_thread(_follow, page, directory)
    if faults:
        print("--- not as the page says ---", *faults, sep="\n\n")
    return 1 if faults else 0


if __name__ == "__main__":
    given = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(prefix="tlsprobe-page-") as place:
        code = asyncio.run(_main(Path(sys.argv[1]).read_text(), Path(place), given))
    # The services end with this process; there is no need to wait for them.
    os._exit(code)
