"""Configurations of four servers: what we read is what the running server does, socket by socket and name by name."""

from __future__ import annotations

import hashlib
import imaplib
import os
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from discovery.server_files.apache import read_apache
from discovery.server_files.caddy import read_caddy
from discovery.server_files.haproxy import read_haproxy
from discovery.server_files.nginx import read_nginx
from discovery.server_files.source import FileReader, ServerFiles, read_server_files
from discovery.source import SourceReading
from model.target import Target
from tests.discovery.configurations import Configuration, configurations
from tests.discovery.declared import declared_certificates, declared_protocols
from tests.pki.certificates.making import make
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

ENVIRONMENT = {
    **os.environ,
    "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
    "DISCO_LB": "127.0.0.1",
}
NAMES: Mapping[str, Sequence[str]] = {
    "a": ("a.test",),
    "b": ("b.test",),
    "w": ("*.w.test", "w.test"),
}
MODULES = "/usr/lib/apache2/modules"
PROXY_HEADER = b"PROXY TCP4 127.0.0.1 127.0.0.1 1024 443\r\n"
READERS: Mapping[str, FileReader] = {
    "nginx": read_nginx,
    "haproxy": read_haproxy,
    "apache": read_apache,
    "caddy": read_caddy,
}


def preludes(directory: Path) -> Mapping[str, Mapping[str, str]]:
    """What each server's main file begins with, so that it runs in ``directory``."""
    paths = " ".join(
        f"{kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    modules = "\n".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so"
        for name in ("mpm_event", "authz_core", "alias", "ssl")
    )
    return {
        "nginx": {
            "prelude": f"user root; daemon off; pid {directory}/pid; error_log stderr notice; events {{}}",
            "temporary": f"access_log off; {paths}",
        },
        "haproxy": {
            "prelude": "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s"
        },
        "apache": {
            "prelude": f"ServerRoot {directory}\nPidFile {directory}/pid\nServerName main.test\n"
            f"ErrorLog /dev/stderr\n{modules}",
            "modules": MODULES,
        },
        "caddy": {},
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with three certificates and their keys, each also in one file."""
    for name, names in NAMES.items():
        made = make(name, names=tuple(map(x509.DNSName, names)))
        key = made.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (tmp_path / f"{name}.crt").write_bytes(made.pem)
        (tmp_path / f"{name}.key").write_bytes(key)
        (tmp_path / f"{name}.pem").write_bytes(made.pem + key)
    return tmp_path


def written(
    server: str, one: Configuration, directory: Path
) -> tuple[Configuration, Sequence[int]]:
    """Writes the files into ``directory``."""
    values = {
        **preludes(directory)[server],
        "directory": str(directory),
        **{name: str(directory / name) for name in NAMES},
        **{f"{name}.pem": (directory / f"{name}.pem").read_text() for name in NAMES},
    }
    filled, ports = one.with_values(values)
    for name, text in filled.files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return filled, ports


async def read(server: str, one: Configuration, directory: Path) -> SourceReading:
    main = directory / next(iter(one.files))
    files = ServerFiles(reader=READERS[server], kind=server, paths=[main], host="127.0.0.1")
    return await read_server_files(files, "files")


def check_targets(reading: SourceReading, expected: Configuration, directory: Path) -> None:
    """Compares the targets and what is skipped with the data file."""
    found = {
        target.key: (
            declared_certificates(target),
            "proxy_protocol" in target.labels,
        )
        for target in reading.targets
    }
    assert found == {
        one.key: (
            sha256_of(directory / f"{one.certificate}.crt") if one.certificate else "",
            one.has_proxy_protocol,
        )
        for one in expected.targets
    }
    for one in expected.targets:
        if one.protocols:
            (target,) = [target for target in reading.targets if target.key == one.key]
            assert declared_protocols(target) == one.protocols
    skipped = list(map(str, reading.skipped))
    assert len(skipped) == len(expected.skipped), skipped
    for words in expected.skipped:
        assert any(words in sentence for sentence in skipped), (words, skipped)


def sha256_of(file: Path) -> str:
    return x509.load_pem_x509_certificate(file.read_bytes()).fingerprint(hashes.SHA256()).hex()


def checked(*command: str | Path) -> str:
    said = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout + said.stderr


def adapted_by_caddy(path: Path) -> str:
    """The JSON that Caddy makes of its file; its warnings go elsewhere."""
    command = ("caddy", "adapt", "--config", path, "--adapter", "caddyfile")
    said = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


def imap_certificate(target: Target, context: ssl.SSLContext) -> bytes:
    with imaplib.IMAP4(target.host, target.port, timeout=20) as client:
        client.starttls(context)
        return peer_certificate(client.sock)


def pop3_certificate(target: Target, context: ssl.SSLContext) -> bytes:
    client = poplib.POP3(target.host, target.port, timeout=20)
    client.stls(context)
    certificate = peer_certificate(client.sock)
    client.quit()
    return certificate


def smtp_certificate(target: Target, context: ssl.SSLContext) -> bytes:
    with smtplib.SMTP(target.host, target.port, "client.test", timeout=20) as client:
        client.starttls(context=context)
        return peer_certificate(client.sock)


def peer_certificate(connection: object) -> bytes:
    assert isinstance(connection, ssl.SSLSocket)
    return connection.getpeercert(binary_form=True) or b""


STARTTLS: Mapping[str, Callable[[Target, ssl.SSLContext], bytes]] = {
    "imap": imap_certificate,
    "pop3": pop3_certificate,
    "smtp": smtp_certificate,
}


def handshake(target: Target, version: ssl.TLSVersion | None = None) -> str:
    """The SHA-256 of the leaf that the target sends, in one version or any; raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if target.protocol in STARTTLS:
        return hashlib.sha256(STARTTLS[target.protocol](target, context)).hexdigest()
    with socket.create_connection((target.host, target.port), timeout=20) as plain:
        if "proxy_protocol" in target.labels:
            plain.sendall(PROXY_HEADER)
        with context.wrap_socket(plain, server_hostname=target.server_name) as tls:
            return hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()


def accepted_versions(target: Target) -> Iterator[str]:
    """The versions with which OpenSSL finishes a handshake."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with suppress(OSError):
            handshake(target, version)
            yield version.name.replace("_", ".")


def speaks_tls(port: int) -> bool:
    """Whether the server at 127.0.0.1 answers a hello with a TLS record, with or without a PROXY header."""
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(
        ssl.MemoryBIO(), hello, server_hostname="none.test"
    )
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    message = hello.read()
    for header in (b"", PROXY_HEADER):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
                plain.sendall(header + message)
                answer = plain.recv(3)
        except OSError:
            continue
        if answer[:1] in {b"\x15", b"\x16"}:
            return True
    return False


def check_server(reading: SourceReading, one: Configuration, ports: Sequence[int]) -> None:
    """Each target gets the declared certificate, and no port has TLS that is neither a target nor skipped."""
    for target in reading.targets:
        served = handshake(target)
        assert declared_certificates(target) in {served, ""}, target.key
        if versions := declared_protocols(target):
            assert set(versions.split(",")) == set(accepted_versions(target)), target.key
    with_tls = {port for port in ports if speaks_tls(port)}
    on_loopback = {
        target.port
        for target in reading.targets
        if target.host in {"127.0.0.1", "localhost"} and target.protocol not in STARTTLS
    }
    assert with_tls == on_loopback | set(map(int, one.skipped_ports))


@contextmanager
def serving(directory: Path, check: list[str], arguments: list[str], ready: str) -> Iterator[None]:
    """The server, after its own check of the configuration has passed."""
    checked(*check)
    command = Command(arguments=arguments, ready=ready, environment=ENVIRONMENT)
    with running(command, directory):
        yield


def nginx(directory: Path) -> AbstractContextManager[None]:
    server = ["nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")]
    return serving(directory, [*server, "-t"], [*server, "-e", "stderr"], "start worker process")


def haproxy(directory: Path) -> AbstractContextManager[None]:
    server = ["haproxy", "-f", str(directory / "haproxy.cfg")]
    return serving(directory, [*server, "-c"], [*server, "-W", "-db"], "Loading success")


def apache(directory: Path) -> AbstractContextManager[None]:
    server = ["apache2", "-f", str(directory / "apache.conf")]
    ready = "resuming normal operations"
    return serving(directory, [*server, "-t"], [*server, "-D", "FOREGROUND"], ready)


SERVERS: Mapping[str, Callable[[Path], AbstractContextManager[None]]] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "apache": apache,
}


@pytest.mark.parametrize(
    ("server", "one"),
    [
        pytest.param(server, one, id=f"{server}: {one.name}")
        for server in SERVERS
        for one in configurations(server)
    ],
)
async def test_what_is_read_is_what_the_server_does(
    server: str, one: Configuration, directory: Path
) -> None:
    expected, ports = written(server, one, directory)
    reading = await read(server, expected, directory)
    check_targets(reading, expected, directory)
    with SERVERS[server](directory):
        check_server(reading, expected, ports)


def names_in_dump(dump: str) -> Iterator[tuple[int, str]]:
    """The port and each name of httpd's hosts, without wildcards; 0 for hosts of any port."""
    port = 0
    for line in dump.splitlines():
        if host := re.match(r"(?:\S+:|\s+port )(\d+|\*)\s+(?:namevhost )?(\S+) \(", line):
            port = 0 if host[1] == "*" else int(host[1])
            yield port, host[2]
        elif alias := re.match(r"\s+alias (\S+)", line):
            yield port, alias[1]


@pytest.mark.parametrize("one", configurations("apache"), ids=lambda one: one.name)
async def test_apache_itself_lists_each_name(one: Configuration, directory: Path) -> None:
    expected, _ = written("apache", one, directory)
    reading = await read("apache", expected, directory)
    dump = checked("apache2", "-t", "-D", "DUMP_VHOSTS", "-f", directory / "apache.conf")
    listed = set(names_in_dump(dump))
    found = {(target.port, target.server_name) for target in reading.targets}
    ports, skipped = {port for port, _ in found}, " ".join(map(str, reading.skipped))
    lost = {(port, name) for port, name in listed - found if port in ports and name not in skipped}
    assert not lost
    hosts_of_any_port = {(port, name) for port in ports for at, name in listed if at == 0}
    main_server = {(port, "main.test") for port in ports}
    assert found <= listed | hosts_of_any_port | main_server


@pytest.mark.parametrize("one", configurations("caddy"), ids=lambda one: one.name)
async def test_caddy_adapts_its_file_to_the_same_targets(
    one: Configuration, directory: Path
) -> None:
    expected, _ = written("caddy", one, directory)
    reading = await read("caddy", expected, directory)
    assert sorted(target.key for target in reading.targets) == sorted(
        one.key for one in expected.targets
    )
    skipped = list(map(str, reading.skipped))
    assert len(skipped) == len(expected.skipped), skipped
    assert all(words in " ".join(skipped) for words in expected.skipped)
    adapted = directory / "caddy.json"
    adapted.write_text(adapted_by_caddy(directory / "Caddyfile"))
    files = ServerFiles(reader=read_caddy, kind="caddy", paths=[adapted], host="127.0.0.1")
    again = await read_server_files(files, "files")
    assert {target.key for target in again.targets} == {target.key for target in reading.targets}
