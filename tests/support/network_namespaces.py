"""Two network namespaces with one link between them, for servers that treat loopback clients differently.

Nothing leaves the machine: the two ends of the link are the only interfaces besides loopback.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.ports import free_port

_AS_ROOT: Final = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
_RESOLVER_FILES: Final = Path("/etc/netns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The names of the two namespaces, and the address of each end."""

    server: str
    client: str
    server_address: str = "10.77.0.1"
    client_address: str = "10.77.0.2"

    def on_server(self, *command: str | Path) -> Sequence[str]:
        """The command, run in the server's namespace."""
        return _inside(self.server, command)

    def on_client(self, *command: str | Path) -> Sequence[str]:
        """The command, run in the client's namespace."""
        return _inside(self.client, command)


@contextmanager
def linked() -> Iterator[Link]:
    """A link whose client has a name in the server's namespace; all is removed at the end."""
    name = f"tlsprobe-{free_port()}"
    link = Link(server=f"{name}-s", client=f"{name}-c")
    with ExitStack() as stack:
        for namespace in (link.server, link.client):
            _ip("netns", "add", namespace)
            stack.callback(_ip, "netns", "delete", namespace)
        peer = ("type", "veth", "peer", "name", "v0", "netns", link.client)
        _ip("link", "add", "v0", "netns", link.server, *peer)
        addresses = {link.server: link.server_address, link.client: link.client_address}
        for namespace, address in addresses.items():
            _ip("-n", namespace, "addr", "add", f"{address}/24", "dev", "v0")
            for interface in ("lo", "v0"):
                _ip("-n", namespace, "link", "set", interface, "up")
        names = _RESOLVER_FILES / link.server
        _run("mkdir", "-p", names)
        stack.callback(_run, "rm", "-r", names)
        _write(names / "hosts", f"{link.client_address} client.test\n")
        _write(names / "resolv.conf", "nameserver 127.0.0.1\n")
        yield link


def _inside(namespace: str, command: Sequence[str | Path]) -> Sequence[str]:
    return [*_AS_ROOT, "ip", "netns", "exec", namespace, *map(str, command)]


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str | Path) -> None:
    subprocess.run([*_AS_ROOT, *map(str, command)], check=True)


def _write(path: Path, text: str) -> None:
    subprocess.run(
        [*_AS_ROOT, "tee", path], input=text.encode(), stdout=subprocess.DEVNULL, check=True
    )
