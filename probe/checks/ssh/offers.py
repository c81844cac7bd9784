"""What the visit offers an SSH server: everything that a server may have, and the other lists as the server has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from probe.crypto.ssh.exchange import SshOffer
from probe.crypto.ssh.shared_secret import METHODS
from probe.ssh.host_key import HOST_KEY_ALGORITHMS, KeyType
from probe.ssh.messages import KexInit

ML_KEM: Final = "mlkem768x25519-sha256"
"""The post-quantum method that tlsprobe finishes."""

EVERYTHING: Final = SshOffer(
    methods=tuple(name for name in METHODS if name != ML_KEM),
    host_keys=HOST_KEY_ALGORITHMS,
    ciphers=(
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
        "aes128-ctr",
        "aes192-ctr",
        "aes256-ctr",
        "aes128-cbc",
        "aes192-cbc",
        "aes256-cbc",
        "3des-cbc",
    ),
    macs=(
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha1",
        "hmac-sha1-96",
        "hmac-md5",
    ),
    compressions=("none", "zlib@openssh.com", "zlib"),
)


def matching(server: KexInit) -> SshOffer:
    """The offer with the server's own ciphers, MACs and compression, so that only method and host key decide."""
    return replace(
        EVERYTHING,
        ciphers=_united(server, "encryption_algorithms"),
        macs=_united(server, "mac_algorithms"),
        compressions=_united(server, "compression_algorithms"),
    )


def for_key(server: KexInit, key_type: KeyType) -> SshOffer:
    """The same for one type of host key."""
    return replace(matching(server), host_keys=key_type.algorithms)


def for_ml_kem(server: KexInit) -> SshOffer:
    """The same for the post-quantum method alone."""
    return replace(matching(server), methods=(ML_KEM,))


def _united(server: KexInit, prefix: str) -> tuple[str, ...]:
    """The names of both directions."""
    names = (
        *server.named(f"{prefix}_client_to_server"),
        *server.named(f"{prefix}_server_to_client"),
    )
    return tuple(dict.fromkeys(names))
