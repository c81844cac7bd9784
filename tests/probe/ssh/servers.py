"""Real SSH servers on loopback, and what the configuration of each makes true."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port
from tests.zoo.process import Command, running

DEBIAN_PYTHON = "/usr/bin/python3"
"""The Python with Debian's paramiko and Twisted; it also loads Debian's libssh."""
PARAMIKO = """
import socket, sys, threading
import paramiko

key, version, ciphers, macs, methods = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
print("listening on", listener.getsockname()[1], flush=True)
while True:
    transport = paramiko.Transport(listener.accept()[0])
    transport.local_version = f"SSH-{version}-paramiko_{paramiko.__version__}"
    transport.add_server_key(paramiko.Ed25519Key(filename=key))
    options = transport.get_security_options()
    options.ciphers = ciphers.split(",")
    options.digests = macs.split(",")
    options.kex = methods.split(",")
    transport.start_server(threading.Event(), paramiko.ServerInterface())
"""
CONCH = """
import sys
from twisted.conch.ssh import factory, keys, transport
from twisted.internet import reactor

path, ciphers, macs, methods = sys.argv[1:]
key = keys.Key.fromFile(path)
lists = {"supportedCiphers": ciphers, "supportedMACs": macs, "supportedKeyExchanges": methods}
lists = {name: [one.encode() for one in text.split(",")] for name, text in lists.items()}

class Factory(factory.SSHFactory):
    protocol = type("Server", (transport.SSHServerTransport,), lists)
    publicKeys = {b"ssh-ed25519": key.public()}
    privateKeys = {b"ssh-ed25519": key}

port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
"""
LIBSSH = """
import ctypes, sys, threading

lib = ctypes.CDLL("libssh.so.4")
lib.ssh_bind_new.restype = lib.ssh_new.restype = ctypes.c_void_p
lib.ssh_get_error.restype = ctypes.c_char_p
server = ctypes.c_void_p(lib.ssh_bind_new())

def check(status):
    if status != 0:
        sys.exit(lib.ssh_get_error(server).decode())

def serve(session):
    lib.ssh_handle_key_exchange(session)
    lib.ssh_disconnect(session)
    lib.ssh_free(session)

configuration, port = sys.argv[1:]
check(lib.ssh_bind_options_parse_config(server, configuration.encode()))
check(lib.ssh_bind_listen(server))
print("listening on", port, flush=True)
while True:
    session = ctypes.c_void_p(lib.ssh_new())
    check(lib.ssh_bind_accept(server, session))
    threading.Thread(target=serve, args=(session,), daemon=True).start()
"""
SSHESAME = """
server: {{listen_address: "127.0.0.1:{port}", host_keys: ["{key}"]}}
ssh_proto: {{ciphers: [{ciphers}], macs: [{macs}], key_exchanges: [{methods}]}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A folder with host keys that ssh-keygen made."""

    directory: Path

    def make(self, kind: str, *arguments: str) -> Path:
        """A new key of that kind, without a passphrase."""
        path = self.directory / kind
        keygen("-q", "-t", kind, *arguments, "-N", "", "-f", str(path))
        return path


def keygen(*arguments: str) -> str:
    """Runs ssh-keygen and returns what it prints."""
    found = subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True)
    return found.stdout


def fingerprint(key: Path) -> str:
    """The size and the fingerprint of the key, as ssh-keygen shows them."""
    bits, digest, *_ = keygen("-lf", f"{key}.pub").split()
    return f"{bits} {digest}"


@contextmanager
def openssh(directory: Path, *lines: str) -> Iterator[int]:
    """Debian's sshd with these lines of configuration."""
    port = free_port()
    # sshd refuses to start without this folder, which Debian makes at boot.
    Path("/run/sshd").mkdir(exist_ok=True)
    configuration = directory / "sshd_config"
    own = (f"Port {port}", "ListenAddress 127.0.0.1", f"PidFile {directory}/sshd.pid")
    configuration.write_text("\n".join((*own, *lines)) + "\n")
    arguments = ["/usr/sbin/sshd", "-D", "-e", "-f", str(configuration)]
    with running(Command(arguments=arguments, ready="Server listening on"), directory):
        yield port


@contextmanager
def dropbear(directory: Path) -> Iterator[tuple[int, Path]]:
    """Debian's dropbear with an Ed25519 key; yields its port and the key's public half."""
    port, key = free_port(), directory / "dropbear_key"
    made = subprocess.run(
        ["dropbearkey", "-t", "ed25519", "-f", str(key)], check=True, capture_output=True, text=True
    )
    public = next(line for line in made.stdout.splitlines() if line.startswith("ssh-ed25519"))
    Path(f"{key}.pub").write_text(public + "\n")
    arguments = ["dropbear", "-F", "-E", "-r", str(key), "-p", f"127.0.0.1:{port}"]
    with running(Command(arguments=arguments, ready="Not backgrounding"), directory):
        yield port, key


@contextmanager
def paramiko(
    directory: Path, key: Path, *, version: str = "2.0", ciphers: str, macs: str, methods: str
) -> Iterator[int]:
    """Debian's paramiko as a server with these lists, which announces this ``version`` of SSH."""
    arguments = (str(key), version, ciphers, macs, methods)
    with _of_debian_python(directory, PARAMIKO, arguments) as port:
        yield port


@contextmanager
def conch(directory: Path, key: Path, *, ciphers: str, macs: str, methods: str) -> Iterator[int]:
    """Debian's Twisted Conch as a server with these lists."""
    with _of_debian_python(directory, CONCH, (str(key), ciphers, macs, methods)) as port:
        yield port


@contextmanager
def libssh(directory: Path, key: Path, *, ciphers: str, macs: str, methods: str) -> Iterator[int]:
    """A server of Debian's libssh with these lists; the library reads a configuration like sshd's."""
    port, configuration = free_port(), directory / "libssh_config"
    lists = f"Ciphers {ciphers}\nMACs {macs}\nKexAlgorithms {methods}\n"
    own = f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {key}\n"
    configuration.write_text(own + lists)
    with _of_debian_python(directory, LIBSSH, (str(configuration), str(port))) as listening:
        yield listening


@contextmanager
def sshesame(directory: Path, key: Path, *, ciphers: str, macs: str, methods: str) -> Iterator[int]:
    """Debian's sshesame, a server in Go with x/crypto/ssh, with these lists."""
    port, configuration = free_port(), directory / "sshesame.yaml"
    lists = {"ciphers": ciphers, "macs": macs, "methods": methods}
    configuration.write_text(SSHESAME.format(port=port, key=key, **lists))
    arguments = ["sshesame", "-config", str(configuration), "-data_dir", str(directory)]
    with running(Command(arguments=arguments, ready="Listening on"), directory):
        yield port


@contextmanager
def tinyssh(directory: Path, *options: str) -> Iterator[tuple[int, Path]]:
    """Debian's tinysshd, which socat starts for each connection; yields its port and its key's public half."""
    port, keys, key = free_port(), directory / "tinyssh", directory / "tinyssh_key"
    subprocess.run(["tinysshd-makekey", "-q", str(keys)], check=True)
    printed = subprocess.run(
        ["tinysshd-printkey", str(keys)], check=True, capture_output=True, text=True
    )
    Path(f"{key}.pub").write_text(printed.stdout)
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
    command = f"EXEC:{' '.join(('/usr/sbin/tinysshd', *options, str(keys)))}"
    arguments = ["socat", "-d", "-d", listen, command]
    with running(Command(arguments=arguments, ready="listening on"), directory):
        yield port, key


@contextmanager
def _of_debian_python(directory: Path, script: str, arguments: tuple[str, ...]) -> Iterator[int]:
    command = [DEBIAN_PYTHON, "-c", script, *arguments]
    with running(Command(arguments=command, ready=r"listening on (\d+)"), directory) as ready:
        yield int(ready[1])
