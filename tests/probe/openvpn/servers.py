"""Debian's OpenVPN on loopback; its configuration says what is true."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

TCP: Final = "tcp-server"
UDP: Final = "udp"


def static_key(directory: Path) -> Path:
    """A new key for tls-auth or tls-crypt."""
    path = directory / "static.key"
    subprocess.run(["openvpn", "--genkey", "secret", str(path)], check=True, capture_output=True)
    return path


@contextmanager
def openvpn(
    certificates: Certificates, directory: Path, transport: str, *lines: str
) -> Iterator[int]:
    """A server with these lines of configuration; its tun device gets no address and no route."""
    port = free_port()
    own = (
        f"local 127.0.0.1\nport {port}\nproto {transport}",
        "mode server\ntls-server\ndev tun\nifconfig-noexec\nroute-noexec\ndh none\nverb 3",
        "keepalive 10 60",
        f"ca {certificates.client_ca_file}",
        f"cert {certificates.ecdsa.chain_file}\nkey {certificates.ecdsa.key_file}",
    )
    configuration = directory / "server.conf"
    configuration.write_text("\n".join((*own, *lines)) + "\n")
    arguments = ["openvpn", "--config", str(configuration)]
    with running(
        Command(arguments=arguments, ready="Initialization Sequence Completed"), directory
    ):
        yield port
