"""Real SSH servers and IKE responders with fixed configurations, and what these make true.

A truth is a set of sentences such as ``cipher aes256-ctr``. Those that no configuration decides are left out: dropbear's
algorithms are compiled in, and of tinysshd the manual decides the ciphers alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from tests.probe.ike.servers import libreswan, strongswan
from tests.probe.ssh.servers import (
    Keys,
    conch,
    dropbear,
    fingerprint,
    libssh,
    openssh,
    paramiko,
    sshesame,
    tinyssh,
)
from tests.zoo.process import Command, running

Truth: TypeAlias = frozenset[str]

KEY_EXCHANGE: Final = "key exchange"
CIPHER: Final = "cipher"
MAC: Final = "MAC"
HOST_KEY: Final = "host key"
IKE_MODES: Final = ("IKEv2", "IKEv1 main mode", "IKEv1 aggressive mode")
_IKEV2, _MAIN_MODE, _AGGRESSIVE_MODE = IKE_MODES

_ASYNCSSH: Final = """
import asyncio, sys
import asyncssh

async def main(key, methods, ciphers, macs):
    lists = {"kex_algs": methods, "encryption_algs": ciphers, "mac_algs": macs}
    lists = {name: text.split(",") for name, text in lists.items()}
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], **lists)
    print("listening on", server.get_port(), flush=True)
    await server.wait_closed()

asyncio.run(main(*sys.argv[1:]))
"""
_METHODS: Final = "curve25519-sha256,ecdh-sha2-nistp256"


def ssh_truth(methods: str, ciphers: str, macs: str, *keys: Path) -> Truth:
    """What a configuration with these lists and host keys makes true."""
    lists = {KEY_EXCHANGE: methods, CIPHER: ciphers, MAC: macs}
    named = {f"{kind} {name}" for kind, text in lists.items() for name in text.split(",")}
    return frozenset(named | {_of_key(key) for key in keys})


def _of_key(key: Path) -> str:
    key_type = Path(f"{key}.pub").read_text(encoding="utf-8").split()[0]
    return f"{HOST_KEY} {key_type}={fingerprint(key).split()[1]}"


@contextmanager
def _openssh(
    directory: Path, kinds: tuple[tuple[str, ...], ...], methods: str, ciphers: str, macs: str
) -> Iterator[tuple[int, Truth]]:
    keys = [Keys(directory=directory).make(*kind) for kind in kinds]
    lists = (f"KexAlgorithms {methods}", f"Ciphers {ciphers}", f"MACs {macs}")
    with openssh(directory, *(f"HostKey {key}" for key in keys), *lists) as port:
        yield port, ssh_truth(methods, ciphers, macs, *keys)


@contextmanager
def openssh_new(directory: Path) -> Iterator[tuple[int, Truth]]:
    """Three host keys, and modern algorithms."""
    kinds = (("ed25519",), ("ecdsa", "-b", "384"), ("rsa", "-b", "3072"))
    methods = f"sntrup761x25519-sha512,{_METHODS}"
    ciphers = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com"
    with _openssh(directory, kinds, methods, ciphers, "hmac-sha2-512-etm@openssh.com") as server:
        yield server


@contextmanager
def openssh_old(directory: Path) -> Iterator[tuple[int, Truth]]:
    """A short RSA key, and broken algorithms."""
    methods = "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"
    kinds = (("rsa", "-b", "2048"),)
    with _openssh(directory, kinds, methods, "aes128-cbc,3des-cbc", "hmac-sha1,hmac-md5") as server:
        yield server


@contextmanager
def dropbear_defaults(directory: Path) -> Iterator[tuple[int, Truth]]:
    """One key; the algorithms are compiled in."""
    with dropbear(directory) as (port, key):
        yield port, frozenset({_of_key(key)})


@contextmanager
def asyncssh_ml_kem(directory: Path) -> Iterator[tuple[int, Truth]]:
    """A post-quantum key exchange."""
    key = Keys(directory=directory).make("ed25519")
    lists = (f"mlkem768x25519-sha256,{_METHODS}", "aes256-ctr", "hmac-sha2-256")
    command = [sys.executable, "-c", _ASYNCSSH, str(key), *lists]
    with running(Command(arguments=command, ready=r"listening on (\d+)"), directory) as ready:
        yield int(ready[1]), ssh_truth(*lists, key)


@contextmanager
def paramiko_terrapin(directory: Path) -> Iterator[tuple[int, Truth]]:
    """CBC with encrypt-then-MAC, without strict key exchange."""
    key = Keys(directory=directory).make("ed25519")
    methods, ciphers, macs = "ecdh-sha2-nistp256", "aes128-cbc", "hmac-sha2-256-etm@openssh.com"
    with paramiko(directory, key, methods=methods, ciphers=ciphers, macs=macs) as port:
        yield port, ssh_truth(methods, ciphers, macs, key)


@contextmanager
def conch_lists(directory: Path) -> Iterator[tuple[int, Truth]]:
    """Twisted Conch."""
    key = Keys(directory=directory).make("ed25519")
    methods, ciphers, macs = _METHODS, "aes256-ctr,aes128-cbc", "hmac-sha2-512,hmac-sha1"
    with conch(directory, key, methods=methods, ciphers=ciphers, macs=macs) as port:
        yield port, ssh_truth(methods, ciphers, macs, key)


@contextmanager
def libssh_lists(directory: Path) -> Iterator[tuple[int, Truth]]:
    """libssh, with a cipher that contains its MAC."""
    key = Keys(directory=directory).make("rsa", "-b", "3072")
    methods = f"{_METHODS},diffie-hellman-group16-sha512"
    ciphers, macs = "aes256-gcm@openssh.com,aes256-ctr", "hmac-sha2-512-etm@openssh.com,hmac-sha1"
    with libssh(directory, key, methods=methods, ciphers=ciphers, macs=macs) as port:
        yield port, ssh_truth(methods, ciphers, macs, key)


@contextmanager
def tinyssh_defaults(directory: Path) -> Iterator[tuple[int, Truth]]:
    """One key and one cipher, by its manual."""
    with tinyssh(directory) as (port, key):
        yield port, frozenset({_of_key(key), f"{CIPHER} chacha20-poly1305@openssh.com"})


@contextmanager
def sshesame_lists(directory: Path) -> Iterator[tuple[int, Truth]]:
    """The SSH of Go's x/crypto."""
    key = Keys(directory=directory).make("ecdsa", "-b", "256")
    methods, ciphers, macs = "ecdh-sha2-nistp384", "aes256-ctr,aes128-cbc", "hmac-sha2-256"
    with sshesame(directory, key, methods=methods, ciphers=ciphers, macs=macs) as port:
        yield port, ssh_truth(methods, ciphers, macs, key)


@contextmanager
def strongswan_new(directory: Path) -> Iterator[tuple[int, Truth]]:
    """IKEv2 alone, with two proposals."""
    proposals = "aes256-sha256-modp2048,aes128gcm16-prfsha384-ecp384-x25519"
    with strongswan(directory, f"version = 2\nproposals = {proposals}") as port:
        yield port, frozenset({
            _IKEV2, "encryption_aes_cbc_256", "encryption_aes_gcm_16_128", "prf_hmac_sha2_256",
            "prf_hmac_sha2_384", "integrity_hmac_sha2_256_128", "key_exchange_modp_2048",
            "key_exchange_ecp_384", "key_exchange_curve25519",
        })  # fmt: skip


@contextmanager
def strongswan_old(directory: Path) -> Iterator[tuple[int, Truth]]:
    """All modes, with a weak group and 3DES."""
    connection = (
        "version = 0\naggressive = yes\nproposals = aes128-sha256-modp1024,3des-sha1-modp1024"
    )
    setting = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"
    with strongswan(directory, connection, setting) as port:
        yield port, frozenset({
            *IKE_MODES, "encryption_aes_cbc_128", "encryption_3des", "prf_hmac_sha2_256",
            "prf_hmac_sha1", "integrity_hmac_sha2_256_128", "integrity_hmac_sha1_96",
            "key_exchange_modp_1024",
        })  # fmt: skip


@contextmanager
def libreswan_new(directory: Path) -> Iterator[tuple[int, Truth]]:
    """IKEv2 alone, with two proposals."""
    proposals = "ike=aes256-sha2_256;modp2048,aes_gcm128-sha2_512;dh19+dh31"
    with libreswan(directory, "ikev2=insist", proposals) as port:
        yield port, frozenset({
            _IKEV2, "encryption_aes_cbc_256", "encryption_aes_gcm_16_128", "prf_hmac_sha2_256",
            "prf_hmac_sha2_512", "integrity_hmac_sha2_256_128", "key_exchange_modp_2048",
            "key_exchange_ecp_256", "key_exchange_curve25519",
        })  # fmt: skip


@contextmanager
def libreswan_ikev1(directory: Path) -> Iterator[tuple[int, Truth]]:
    """IKEv1 main mode alone."""
    with libreswan(directory, "ikev2=no", "ike=aes256-sha1;modp2048") as port:
        yield port, frozenset({_MAIN_MODE})


SSH_SERVERS: Final = {
    "openssh-new": openssh_new,
    "openssh-old": openssh_old,
    "dropbear-defaults": dropbear_defaults,
    "asyncssh-ml-kem": asyncssh_ml_kem,
    "paramiko-terrapin": paramiko_terrapin,
    "conch": conch_lists,
    "libssh": libssh_lists,
    "tinyssh-defaults": tinyssh_defaults,
    "sshesame": sshesame_lists,
}
IKE_RESPONDERS: Final = {
    "strongswan-new": strongswan_new,
    "strongswan-old": strongswan_old,
    "libreswan-new": libreswan_new,
    "libreswan-ikev1": libreswan_ikev1,
}
