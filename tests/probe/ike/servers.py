"""Real IKE responders on loopback, and what the configuration of each makes true."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.zoo.process import Command, running

LIBRESWAN = Path(__file__).parents[3] / ".cache/libreswan"
"""Debian's package, unpacked: it excludes strongSwan's."""
ISOLATED = Path(__file__).parents[2] / "zoo/isolated.py"
_NAT_PORT = "4500"
_LOADED = (
    "random nonce openssl aes sha1 sha2 md5 hmac kdf xcbc cmac gmp curve25519 pem pkcs1 x509 vici"
    " socket-default kernel-netlink"
)


@contextmanager
def strongswan(directory: Path, connection: str, *settings: str) -> Iterator[int]:
    """Debian's strongSwan with one connection; yields its port, on which messages have the non-ESP marker.

    It answers only IKE_SA_INIT: it makes no IPsec SA, so it needs nothing of the kernel.
    """
    port, nat_port, vici = free_port(), free_port(), f"unix://{directory}/vici"
    (directory / "strongswan.conf").write_text(
        "\n".join(
            (
                "charon-systemd {",
                f"port = {port}",
                f"port_nat_t = {nat_port}",
                f"load = {_LOADED}",
                "install_routes = no",
                "install_virtual_ip = no",
                "filelog {\nstderr {\ndefault = 1\nflush_line = yes\n}\n}",
                *settings,
                f"plugins {{\nvici {{\nsocket = {vici}\n}}\nsocket-default {{\nuse_ipv6 = no\n}}\n}}",
                "}",
                "swanctl {\nload = random\n}",
            )
        )
    )
    (directory / "swanctl.conf").write_text(
        f"connections {{\nc {{\n{connection}\n"
        "local {\nauth = psk\nid = vpn.example\n}\nremote {\nauth = psk\n}\nchildren {\nn {\n}\n}\n}\n}\n"
        "secrets {\nike {\nsecret = test\n}\n}\n"
    )
    environment = {**os.environ, "STRONGSWAN_CONF": str(directory / "strongswan.conf")}
    command = Command(
        arguments=["/usr/sbin/charon-systemd"], ready="spawning", environment=environment
    )
    with running(command, directory):
        _load(directory, vici, environment)
        yield port


def _load(directory: Path, vici: str, environment: dict[str, str]) -> None:
    arguments = ["--load-all", "--uri", vici, "--file", str(directory / "swanctl.conf")]
    subprocess.run(
        ["swanctl", *arguments], check=True, capture_output=True, env=environment, timeout=20
    )


@contextmanager
def libreswan(directory: Path, *lines: str) -> Iterator[int]:
    """Debian's libreswan with one connection of these lines; yields a port that leads to its port 4500.

    Its ports are fixed, and so are the paths of its programs. So it runs in a network and a mount namespace of its own.
    """
    _configure(directory, lines)
    options = {
        "config": "ipsec.conf",
        "rundir": "run",
        "dumpdir": "run",
        "nssdir": "nss",
        "ipsecdir": "ipsec.d",
        "secretsfile": "ipsec.secrets",
    }
    arguments = " ".join(f"--{name} {directory / path}" for name, path in options.items())
    pluto = f"/usr/libexec/ipsec/pluto --nofork --stderrlog --no-dnssec --use-xfrm {arguments}"
    mount = f"mount --bind {LIBRESWAN}/usr/libexec /usr/libexec"
    inside = ["unshare", "--mount", "sh", "-c", f"{mount} && exec {pluto}"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        descriptor = os.dup(listener.fileno())
        port: int = listener.getsockname()[1]
    try:
        command = Command(
            arguments=[sys.executable, str(ISOLATED), str(descriptor), "loading secrets", *inside],
            ready="^relaying$",
            # pluto takes a peer with one of its own addresses for itself, and ends with a failed assertion.
            environment={"INSIDE_PORT": _NAT_PORT, "INSIDE_CLIENT": "127.0.0.2"},
            inherited_descriptors=[descriptor],
        )
        with running(command, directory):
            yield port
    finally:
        os.close(descriptor)


def _configure(directory: Path, lines: tuple[str, ...]) -> None:
    for folder in ("run", "nss", "ipsec.d"):
        (directory / folder).mkdir()
    database = ["certutil", "-N", "-d", f"sql:{directory}/nss", "--empty-password"]
    subprocess.run(database, check=True, capture_output=True, timeout=20)
    (directory / "ipsec.secrets").write_text(': PSK "test"\n')
    connection = (
        "left=127.0.0.1",
        "leftid=@vpn.example",
        "right=%any",
        "rightid=%any",
        "authby=secret",
        "auto=add",
        *lines,
    )
    text = "config setup\n    ikev1-policy=accept\nconn c\n"
    (directory / "ipsec.conf").write_text(text + "".join(f"    {one}\n" for one in connection))
