"""NSS's own test server with a key of ECH that the test makes (``selfserv -X``).

Its own keys (``publicname:``) are refused by NSS 3.87: it takes the prefix for a part of the name.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import x25519

from pki.byte_reader import vector
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

PUBLIC_NAME: Final = "nss.test"
CONFIG_ID: Final = 7
_KEY_START: Final = bytes.fromhex(
    "3067020100301406072a8648ce3d020106092b06010401da470f01044c304a0201010420"
)
_KEY_MIDDLE: Final = bytes.fromhex("a123032100")
"""What is before the private and the public key in the PKCS #8 form in which NSS keeps keys of X25519."""

AES_128_GCM, CHACHA20_POLY1305 = (1, 1), (1, 3)


def ech_configs(
    key: x25519.X25519PrivateKey,
    suites: Sequence[tuple[int, int]] = (AES_128_GCM,),
    name: bytes = PUBLIC_NAME.encode(),
    extensions: bytes = b"",
) -> bytes:
    """An ECHConfigList with one configuration (RFC 9849, section 4)."""
    listed = b"".join(kdf.to_bytes(2, "big") + aead.to_bytes(2, "big") for kdf, aead in suites)
    public = vector(key.public_key().public_bytes_raw(), 2)
    contents = bytes((CONFIG_ID,)) + b"\x00\x20" + public + vector(listed, 2)
    contents += b"\x20" + vector(name, 1) + vector(extensions, 2)
    return vector(b"\xfe\x0d" + vector(contents, 2), 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class NssWithEch:
    """The port, on 127.0.0.1, and the server's own ECHConfigList and one with another key."""

    port: int
    configs: bytes
    stale: bytes


@contextmanager
def nss_with_ech(
    certificates: Certificates, directory: Path, suite: tuple[int, int], groups: str
) -> Iterator[NssWithEch]:
    """Runs it while the context lasts, with the RSA certificate; ``groups`` by NSS's names."""
    identity, database, bundle = certificates.rsa, f"sql:{directory}", directory / "key.p12"
    for arguments in (
        ("certutil", "-N", "-d", database, "--empty-password"),
        (
            *("openssl", "pkcs12", "-export", "-name", "zoo", "-passout", "pass:zoo"),
            *("-in", str(identity.leaf_file), "-inkey", str(identity.key_file)),
            *("-out", str(bundle)),
        ),
        ("pk12util", "-i", str(bundle), "-d", database, "-W", "zoo"),
    ):
        subprocess.run(arguments, check=True, capture_output=True, timeout=60)
    key, port = x25519.X25519PrivateKey.generate(), free_port()
    configs = ech_configs(key, (suite,))
    public = key.public_key().public_bytes_raw()
    private = _KEY_START + key.private_bytes_raw() + _KEY_MIDDLE + public
    parameters = base64.b64encode(vector(private, 2) + configs).decode()
    command = Command(
        arguments=[
            *("selfserv", "-d", database, "-n", "zoo", "-p", str(port), "-v"),
            *("-V", "tls1.2:tls1.3", "-I", groups, "-X", parameters),
        ],
        ready="About to call accept",
    )
    with running(command, directory):
        stale = ech_configs(x25519.X25519PrivateKey.generate(), (suite,))
        yield NssWithEch(port=port, configs=configs, stale=stale)
