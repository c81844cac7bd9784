"""Secrets in AWS: in Secrets Manager, in Systems Manager's Parameter Store, or encrypted by KMS in a file.

Credentials and region are those of AWS's own tools: environment, profile, container or instance role. A secret is
decrypted in memory only. The APIs are GetSecretValue, GetParameter and Decrypt.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

from discovery.cloud.aws.errors import error_code, error_text, is_refused, is_throttled
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.operation import Operation
from discovery.cloud.aws.operations import DECRYPT, GET_PARAMETER, GET_SECRET_VALUE
from discovery.cloud.aws.sessions import FAILURES, AwsSession, Passage, base_session, failure_text
from pki.net_guard.gate import SocketGate

_GATE: Final = SocketGate(guards_reserved=True)
_PATIENCE: Final = Config(
    connect_timeout=3,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
)
"""The caller may be the event loop's thread, which the service must not block for 30 s."""
_REGION_OF_ARN: Final = re.compile(r"arn:[\w-]+:\w+:([\w-]+):")
_LONGEST_CIPHERTEXT: Final = 16_384
"""KMS decrypts up to 6,144 bytes, which are 8,192 characters in Base64."""


class AwsSecretError(Exception):
    """The secret cannot be read; the message is a clause that says why, without a secret."""


def read_from_aws(place: str) -> str:
    """The secret at ``place``; blocks.

    Raises:
        AwsSecretError: if it cannot be read.
    """
    kind, _, rest = place.partition(":")
    name, _, key = rest.partition("#")
    if not name:
        raise AwsSecretError(f"it must be {kind}:NAME")
    return _READERS[kind](name, key)


def _secret(name: str, key: str) -> str:
    answer = _call(GET_SECRET_VALUE, name, SecretId=name)
    found = answer.get("SecretString")
    if found is None:
        raise AwsSecretError(
            "its value is binary: store it as text, or as a file that KMS encrypted"
        )
    return _value(found, key)


def _parameter(name: str, key: str) -> str:
    answer = _call(GET_PARAMETER, name, Name=name, WithDecryption=True)
    return _value(answer["Parameter"]["Value"], key)


def _decrypted(name: str, _: str) -> str:
    try:
        with Path(name).open("rb") as opened:
            stored = opened.read(_LONGEST_CIPHERTEXT)
    except OSError as error:
        raise AwsSecretError(error.strerror or "the file cannot be opened") from None
    answer = _call(DECRYPT, "", CiphertextBlob=_binary(stored))
    try:
        return str(answer["Plaintext"], "utf-8")
    except ValueError:
        raise AwsSecretError("what KMS decrypted is not UTF-8 text") from None


def _binary(stored: bytes) -> bytes:
    """The ciphertext, which AWS's command line prints in Base64."""
    try:
        return b64decode(b"".join(stored.split()), validate=True)
    except ValueError:
        return stored


_READERS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "aws-secret": _secret,
    "aws-parameter": _parameter,
    "aws-kms": _decrypted,
}


def _value(text: str, key: str) -> str:
    """The text, or what it has under ``key`` if it is a JSON object."""
    if not key:
        return text
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AwsSecretError(f"its value is not a JSON object, so it has no key {key!r}")
    if not isinstance(found.get(key), str):
        raise AwsSecretError(f"its JSON object has no key {key!r} with a text")
    return str(found[key])


def _region(session: Session) -> str:
    """As AWS's command line finds it; botocore does not read AWS_REGION."""
    return os.environ.get("AWS_REGION") or str(session.get_config_variable("region") or "")


def _call(operation: Operation, name: str, **parameters: Any) -> Mapping[str, Any]:
    """The answer of AWS in the region of ``name``, if it is an ARN, or else in the one of the environment."""
    try:
        session = base_session(None, Loader())
        region_of_name = _REGION_OF_ARN.match(name)
        region = region_of_name[1] if region_of_name else _region(session)
        if not region:
            raise AwsSecretError("no AWS region is set: set AWS_REGION, or use the ARN")
        if session.get_credentials() is None:
            raise AwsSecretError(
                "there are no AWS credentials: give this process a role, or AWS_* variables"
            )
        passage = Passage(limits=Limits(), gate=_GATE, patience=_PATIENCE)
        client = AwsSession(session, "", passage).client(operation.service, region)
        method: Callable[..., Mapping[str, Any]] = getattr(client, xform_name(operation.name))
        return method(**parameters)
    except BotoCoreError as error:
        raise AwsSecretError(failure_text(error)) from None
    except ClientError as error:
        raise AwsSecretError(_refusal(operation, error)) from None
    except FAILURES as error:
        raise AwsSecretError(f"{operation.shown}: {failure_text(error)}") from None


def _refusal(operation: Operation, error: ClientError) -> str:
    """Why AWS does not give the secret; a manager says with its own code that its key may not be used."""
    code = error_code(error)
    if is_throttled(code):
        return (
            f"{operation.shown}: AWS throttles this call ({code}): wait a minute, then reload or start again; a secret "
            "that was read before stays in use"
        )
    is_about_key = "KMS" in str(error.response.get("Error", {}).get("Message", ""))
    needs_key = is_refused(code) and is_about_key and operation is not DECRYPT
    shown = f"{DECRYPT.shown}, for {operation.shown}" if needs_key else operation.shown
    return f"{shown}: {error_text(error)}"
