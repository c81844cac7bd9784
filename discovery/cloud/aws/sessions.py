"""Credentials and connections of one account, with what every request must pass: its rate, the socket gate, the stop.

An answer that is not in AWS's format, such as a proxy's page, is an error here, before botocore reads it as an empty
answer.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from botocore.session import Session

from discovery.cloud.aws.errors import NOT_AWS, error_text
from discovery.cloud.aws.limits import Limits
from model.frozen import frozen
from model.version import TOOL_VERSION
from pki.net_guard.gate import Purpose, SocketGate

_PATIENCE: Final = Config(
    connect_timeout=10,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
)
_NAMED: Final = Config(user_agent_extra=f"tlsprobe/{TOOL_VERSION}")
_START_BYTES: Final = 256
_SERVER_ERROR: Final = 500
_LONGEST_TEXT: Final = 300
_FORMS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "json": (b"{", b"["),
    "rest-json": (b"{", b"["),
    "query": (b"<",),
    "ec2": (b"<",),
    # The policy of a bucket is JSON.
    "rest-xml": (b"<", b"{"),
}
"""How an answer begins, by the protocol of the service."""


class NotSentError(Exception):
    """A request was not sent, or its answer does not come from AWS; the message says why."""


FAILURES: Final = (BotoCoreError, ClientError, NotSentError, ResponseParserError)
"""What a call may raise."""


def failure_text(error: Exception) -> str:
    """A failure as a clause, without the answer's text if it is not AWS's."""
    if isinstance(error, ResponseParserError):
        return NOT_AWS
    if isinstance(error, NotSentError):
        return str(error)
    if isinstance(error, ClientError):
        return error_text(error)
    return f"{type(error).__name__}: {error}"[:_LONGEST_TEXT]


@frozen
class Passage:
    """What every request passes, and where it goes: ``endpoint_url`` replaces AWS's own endpoints.

    ``patience`` says how long a request waits for its answer, and how often it is repeated.
    """

    limits: Limits
    gate: SocketGate
    endpoint_url: str | None = None
    patience: Config = _PATIENCE


class AwsSession:
    """One account: its credentials, and one client for each service and region."""

    def __init__(self, session: Session, account: str, passage: Passage) -> None:
        self.account = account
        self._session = session
        self._passage = passage
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, bool], BaseClient] = {}
        self.s3_prober: AwsSession | None = None
        """The role that may send a signed request to S3 without TLS, if the configuration names one."""

    def client(self, service: str, region: str, *, has_tls: bool = True) -> BaseClient:
        """The client of a service; threads share it. Without TLS only if ``has_tls`` is false, or the URL of all services."""
        with self._lock:
            found = self._clients.get((service, region, has_tls))
            if found is None:
                found = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url(has_tls=has_tls),
                    use_ssl=has_tls,
                    config=self._passage.patience.merge(_NAMED),
                )
                self._guard(found, service, region)
                self._clients[service, region, has_tls] = found
        return found

    def _endpoint_url(self, *, has_tls: bool) -> str | None:
        url = self._passage.endpoint_url
        return url if has_tls or url is None else url.replace("https://", "http://", 1)

    def partition(self, region: str) -> str:
        """The partition of a region, such as ``aws`` or ``aws-cn``."""
        return self._session.get_partition_for_region(region)

    def check_credentials(self) -> None:
        """Raises botocore's error if the credentials cannot be fetched, such as those of a role."""
        credentials = self._session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()

    def _guard(self, client: BaseClient, service: str, region: str) -> None:
        passage = self._passage

        def before_send(request: Any, **_: Any) -> None:
            if not passage.limits.wait(self.account, service, region):
                raise NotSentError("the source was stopped")
            _ask_gate(passage.gate, request.url)

        client.meta.events.register("before-send", before_send)
        client.meta.events.register("before-parse", _check_answer)


class RoleProvider(CredentialProvider):
    """Credentials of an assumed role, which botocore renews before they expire."""

    METHOD = "assume-role"

    def __init__(self, fetch: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self._fetch = fetch

    def load(self) -> DeferredRefreshableCredentials:
        """Assumes the role when a request first needs it."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)


def base_session(profile: str | None, loader: Loader) -> Session:
    """The credentials of this process: environment, profile, container or instance role, as for AWS's own tools."""
    session = Session(profile=profile)
    session.register_component("data_loader", loader)
    return session


def with_role(session: Session, sts: Any, role_arn: str, external_id: str | None) -> Session:
    """``session`` with the credentials of a role that is assumed through ``sts``, a client of STS."""
    asked = {"RoleArn": role_arn, "RoleSessionName": "tlsprobe"}
    if external_id:
        asked["ExternalId"] = external_id

    def fetch() -> Mapping[str, str]:
        found = sts.assume_role(**asked)["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }

    session.register_component("credential_provider", CredentialResolver([RoleProvider(fetch)]))
    return session


def _ask_gate(gate: SocketGate, url: str) -> None:
    """Raises NotSentError if the gate refuses an address of the URL's host; through a proxy, names need not resolve."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, address in found:
        refusal = gate.named(host).refusal(str(address[0]), port, Purpose.SOURCE)
        if refusal is not None:
            raise NotSentError(f"not connected to {host}: {refusal}")


def _check_answer(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Raises NotSentError if the answer is not in the form of the service's protocol.

    botocore repeats a call that is answered with a status of 500 or more.
    """
    if response_dict["status_code"] >= _SERVER_ERROR:
        return
    body: bytes = response_dict["body"][:_START_BYTES].lstrip().lower()
    forms = _FORMS.get(operation_model.service_model.metadata["protocol"], ())
    is_page = body.startswith((b"<!doctype html", b"<html"))
    if is_page or (body and forms and not body.startswith(forms)):
        raise NotSentError(NOT_AWS)
