"""The server under test: nginx with TLS 1.2 and 1.3, and certificates of both key types."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from service.demo.authority import DemoAuthority

HOST: Final = "127.0.0.1"
SERVER_NAME: Final = "bench.demo.test"
# What every scanner must find: the names in RFC 5289, RFC 7905 and RFC 8446.
TRUTH: Final = frozenset(
    {
        ("TLSv1.2", f"TLS_ECDHE_{key}_WITH_{cipher}")
        for key in ("ECDSA", "RSA")
        for cipher in (
            "AES_128_GCM_SHA256",
            "AES_256_GCM_SHA384",
            "CHACHA20_POLY1305_SHA256",
        )
    }
    | {
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256"),
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
    }
)

_CONFIGURATION: Final = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        {listeners}
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers {ciphers};
        ssl_prefer_server_ciphers on;
        ssl_certificate {directory}/ecdsa.pem;
        ssl_certificate_key {directory}/ecdsa.pem;
        ssl_certificate {directory}/rsa.pem;
        ssl_certificate_key {directory}/rsa.pem;
        return 200;
    }}
}}
"""
_CIPHERS: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)


def loopback_addresses(count: int) -> list[str]:
    """The first ``count`` loopback addresses, starting at 127.0.0.1."""
    first = ipaddress.IPv4Address("127.0.0.1")
    return [str(first + number) for number in range(count)]


@contextmanager
def running_nginx(addresses: int = 1) -> Iterator[int]:
    """nginx on a free loopback port, which is yielded; stopped at the end.

    It listens on that port at the given number of loopback addresses. Raises FileNotFoundError if nginx is not
    installed.
    """
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("nginx is not installed; install the package nginx-light")
    with (
        tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as name,
        socket.create_server((HOST, 0), backlog=1024) as listener,
    ):
        directory = Path(name)
        _write_certificates(directory)
        port: int = listener.getsockname()[1]
        configuration = directory / "nginx.conf"
        listeners = " ".join(
            f"listen {address}:{port} ssl;" for address in loopback_addresses(addresses)
        )
        configuration.write_text(
            _CONFIGURATION.format(directory=directory, listeners=listeners, ciphers=_CIPHERS)
        )
        server = subprocess.Popen(
            [program, "-c", str(configuration), "-e", str(directory / "error.log")],
            # nginx takes listening sockets from this variable when it upgrades itself. A socket that is bound
            # beforehand reserves the port, and queues clients until nginx is up.
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
        )
        try:
            _greet(port, server, directory / "error.log")
            yield port
        finally:
            server.terminate()
            server.wait()


def _write_certificates(directory: Path) -> None:
    authority = DemoAuthority(datetime.now(UTC))
    for key_type in ("ecdsa", "rsa"):
        leaf = authority.server(SERVER_NAME, key_type, days_left=90)
        pem = leaf.private_key_pem() + leaf.certificate_pem()
        (directory / f"{key_type}.pem").write_bytes(pem + authority.intermediate.certificate_pem())


def _greet(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((HOST, port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=SERVER_NAME),
        ):
            return
    except OSError as error:
        said = log.read_text(errors="replace") if log.exists() else ""
        raise RuntimeError(
            f"nginx did not answer (exit status {server.poll()}): {said.strip() or error}"
        ) from error
