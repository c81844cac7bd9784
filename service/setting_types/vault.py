"""Secrets in Vault or OpenBao: version 2 of the KV engine, with a token or by the login of a Kubernetes pod.

The environment has the names of Vault's own tools: ``VAULT_ADDR``, ``VAULT_TOKEN``, ``VAULT_CACERT`` and
``VAULT_NAMESPACE``; without a token, ``VAULT_KUBERNETES_ROLE`` is the role of the pod's service account. The API is
that of developer.hashicorp.com/vault/api-docs (secret/kv/kv-v2, auth/kubernetes).
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from model.frozen import frozen
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpClient, HttpError, HttpRequest

_LIMIT_SECONDS: Final = 10.0
_MOST_BYTES: Final = 2**20
_OK: Final = 200
_SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_GATE: Final = SocketGate(guards_reserved=True)


class VaultError(Exception):
    """The secret cannot be read; the message is a clause that says why, without a secret."""


@frozen
class _Reference:
    """A key of a secret in the KV engine that is mounted at MOUNT."""

    mount: str
    path: str
    key: str


def read_from_vault(place: str) -> str:
    """The secret that ``MOUNT/PATH#KEY`` names; blocks.

    Raises:
        VaultError: if it cannot be read.
    """
    reference = _parse(place)
    # A thread of its own: this one may run an event loop.
    with ThreadPoolExecutor(1, thread_name_prefix="vault") as thread:
        return thread.submit(asyncio.run, _read(reference)).result()


def _parse(place: str) -> _Reference:
    path, _, key = place.partition("#")
    mount, _, rest = path.strip("/").partition("/")
    if not mount or not rest or not key:
        raise VaultError("it must be vault:MOUNT/PATH#KEY, such as vault:secret/tlsprobe#smtp")
    return _Reference(mount=mount, path=rest, key=key)


async def _read(reference: _Reference) -> str:
    token = os.environ.get("VAULT_TOKEN", "") or await _log_in()
    path = f"/v1/{reference.mount}/data/{reference.path}"
    answer = await _ask(path, {"X-Vault-Token": token})
    try:
        found = answer["data"]["data"][reference.key]
    except (KeyError, TypeError):
        raise VaultError(
            f"Vault has no key {reference.key!r} there, or not in a KV engine of version 2"
        ) from None
    if not isinstance(found, str):
        raise VaultError(f"the key {reference.key!r} is not a text")
    return found


async def _log_in() -> str:
    """A token for the role of the pod's service account, whose token the kubelet renews in its file."""
    role = os.environ.get("VAULT_KUBERNETES_ROLE", "")
    if not role:
        raise VaultError("set VAULT_TOKEN, or VAULT_KUBERNETES_ROLE in a pod")
    file = Path(os.environ.get("VAULT_KUBERNETES_TOKEN_FILE", "") or _SERVICE_ACCOUNT)
    try:
        jwt = (await asyncio.to_thread(file.read_text, encoding="ascii")).strip()
    except (OSError, ValueError):
        raise VaultError(f"the service account's token {file} cannot be read") from None
    body = json.dumps({"role": role, "jwt": jwt}).encode()
    answer = await _ask("/v1/auth/kubernetes/login", {}, body)
    try:
        return str(answer["auth"]["client_token"])
    except (KeyError, TypeError):
        raise VaultError("the login answers without a token") from None


async def _ask(path: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    address = os.environ.get("VAULT_ADDR", "")
    if not address.startswith(("http://", "https://")):
        raise VaultError("set VAULT_ADDR to the URL of Vault, such as https://vault.example:8200")
    if namespace := os.environ.get("VAULT_NAMESPACE", ""):
        headers = {**headers, "X-Vault-Namespace": namespace}
    request = HttpRequest(url=f"{address.rstrip('/')}{path}", headers=headers, body=body)
    try:
        context = ssl.create_default_context(cafile=os.environ.get("VAULT_CACERT") or None)
        client = HttpClient(_GATE, Purpose.RECEIVER, context=context)
        async with asyncio.timeout(_LIMIT_SECONDS), client.ask(request) as answer:
            text = await answer.body(_MOST_BYTES)
            if answer.status != _OK:
                raise VaultError(f"Vault answers {path} with HTTP status {answer.status}")
            return json.loads(text)
    except TimeoutError:
        raise VaultError(f"Vault did not answer within {_LIMIT_SECONDS:g} s") from None
    except HttpError as error:
        raise VaultError(f"Vault {error}") from None
    except ValueError:
        raise VaultError("Vault did not answer with JSON") from None
    except OSError as error:
        raise VaultError(f"VAULT_CACERT cannot be used ({error.strerror or error})") from None
