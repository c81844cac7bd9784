"""Secrets are read from AWS as it stores them: Secrets Manager, Parameter Store, and files that KMS encrypted."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from botocore.session import Session
from cryptography.x509 import load_pem_x509_certificates

from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import OPERATIONS, iam_policy
from service.setting_types.client_identities import ClientIdentityFiles
from service.setting_types.secret_places import Rotating, read_place
from service.setting_types.secrets import KNOWN_SECRETS, read_secret, token_reader
from tests.discovery.aws.conftest import aws, started
from tests.support.aws_server import AwsServer, Fault, Page

__all__ = ["aws", "started"]

REGION = "eu-west-1"
OTHER_REGION = "us-east-2"
LOGIN = '{"user": "ops", "password": "of the JSON", "port": 25}'


@pytest.fixture(autouse=True)
def _environment(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_REGION", REGION)


def client(service: str, region: str = REGION) -> Any:
    return Session().create_client(
        service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"]
    )


def store(name: str, text: str, region: str = REGION) -> str:
    """Stores a secret in Secrets Manager, and returns its ARN."""
    return str(client("secretsmanager", region).create_secret(Name=name, SecretString=text)["ARN"])


def encrypted(text: bytes) -> bytes:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return bytes(kms.encrypt(KeyId=key, Plaintext=text)["CiphertextBlob"])


def test_secrets_manager_is_read_by_name_by_arn_and_by_key() -> None:
    store("tlsprobe/token", "a whole secret")
    arn = store("tlsprobe/smtp", LOGIN, OTHER_REGION)
    assert read_place("aws-secret:tlsprobe/token") == "a whole secret"
    assert read_place(f"aws-secret:{arn}#password") == "of the JSON"
    assert read_secret("password", None, Path(f"aws-secret:{arn}#user")) == "ops"


def test_a_parameter_is_decrypted() -> None:
    client("ssm").put_parameter(Name="/tlsprobe/smtp", Value="pass word", Type="SecureString")
    client("ssm").put_parameter(Name="/tlsprobe/login", Value=LOGIN, Type="SecureString")
    assert read_place("aws-parameter:/tlsprobe/smtp") == "pass word"
    assert read_place("aws-parameter:/tlsprobe/login#password") == "of the JSON"


def test_a_file_that_kms_encrypted_is_read_as_bytes_and_as_base64(tmp_path: Path) -> None:
    ciphertext = encrypted(b"only in memory")
    (tmp_path / "raw").write_bytes(ciphertext)
    (tmp_path / "base64").write_bytes(b64encode(ciphertext) + b"\n")
    for name in ("raw", "base64"):
        assert read_place(f"aws-kms:{tmp_path / name}") == "only in memory"
        assert b"only in memory" not in (tmp_path / name).read_bytes()


def test_the_secret_is_masked_from_then_on() -> None:
    store("tlsprobe/masked", "never-to-be-shown")
    read_secret("token", None, Path("aws-secret:tlsprobe/masked"))
    assert "never-to-be-shown" not in KNOWN_SECRETS.masked("it is never-to-be-shown here")


def _binary(aws: AwsServer) -> None:
    aws.answers["secretsmanager", "GetSecretValue"] = {"SecretBinary": b"\xff"}


def _denied(aws: AwsServer) -> None:
    aws.answers["secretsmanager", "GetSecretValue"] = Fault(code="AccessDeniedException")


def _key_denied(aws: AwsServer) -> None:
    """As Secrets Manager says that it may not decrypt: the code is that of a refusal of its own action."""
    aws.answers["secretsmanager", "GetSecretValue"] = Fault(
        code="AccessDeniedException", message="Access to KMS is not allowed"
    )


def _throttled(aws: AwsServer) -> None:
    aws.answers["ssm", "GetParameter"] = Fault(code="ThrottlingException")


def _proxy(aws: AwsServer) -> None:
    aws.answers["secretsmanager", "GetSecretValue"] = Page(body=b"<html>blocked", status=200)


def _asked(aws: AwsServer) -> None:
    """Nothing is prepared: moto answers."""
    assert aws.calls == []


@pytest.fixture(scope="module")
def stored(started: AwsServer) -> None:
    """Secrets of which a key is read."""
    secrets = Session().create_client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=started.url,
        aws_access_key_id="base",
        aws_secret_access_key="secret",
    )
    secrets.create_secret(Name="tlsprobe/plain", SecretString="no JSON")
    secrets.create_secret(Name="tlsprobe/object", SecretString=LOGIN)


@pytest.mark.usefixtures("stored")
@pytest.mark.filterwarnings("ignore:Exception.*does not match an error shape")
@pytest.mark.parametrize(
    ("prepare", "place", "words"),
    [
        (_asked, "aws-secret:", "it must be aws-secret:NAME"),
        (_asked, "aws-secret:missing", "ResourceNotFoundException"),
        (_asked, "aws-secret:tlsprobe/plain#key", "not a JSON object, so it has no key 'key'"),
        (_asked, "aws-secret:tlsprobe/object#key", "no key 'key' with a text"),
        (_asked, "aws-secret:tlsprobe/object#port", "no key 'port' with a text"),
        (_asked, "aws-parameter:/missing", "ssm:GetParameter: failed (ParameterNotFound"),
        (_asked, "aws-kms:missing", "No such file or directory"),
        (_asked, "aws-kms:/proc/version", "kms:Decrypt"),
        (_binary, "aws-secret:any", "its value is binary: store it as text"),
        (_denied, "aws-secret:any", "secretsmanager:GetSecretValue: not permitted: allow this"),
        (
            _key_denied,
            "aws-secret:any",
            "kms:Decrypt, for secretsmanager:GetSecretValue: not permitted",
        ),
        (_throttled, "aws-parameter:/any", "AWS throttles this call (ThrottlingException): wait"),
        (_proxy, "aws-secret:any", "the answer does not come from AWS: check the proxy"),
    ],
)
def test_a_secret_that_cannot_be_read_says_why(
    aws: AwsServer, prepare: Callable[[AwsServer], None], place: str, words: str
) -> None:
    prepare(aws)
    with pytest.raises(ValueError, match="password_file") as caught:
        read_secret("password", None, Path(place))
    assert words in str(caught.value)
    assert place in str(caught.value)
    assert "no JSON" not in str(caught.value)
    assert "of the JSON" not in str(caught.value)


def test_a_source_reads_its_token_from_a_manager(aws: AwsServer) -> None:
    store("tlsprobe/google", "first-token")
    read = token_reader("a source", Path("aws-secret:tlsprobe/google"))
    assert read is not None
    aws.answers["secretsmanager", "GetSecretValue"] = lambda _: None
    aws.calls.clear()
    assert {read() for _ in range(10)} == {"first-token"}
    # Each period of five minutes reads once, and the test may begin at the end of one.
    assert len(aws.calls) in {1, 2}


def test_a_client_key_stays_in_memory(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("client.example")
    (tmp_path / "client.pem").write_bytes(issued.cert_chain_pems[0].bytes())
    store("tlsprobe/client-key", issued.private_key_pem.bytes().decode())
    files = ClientIdentityFiles(
        certificate=tmp_path / "client.pem", key=Path("aws-secret:tlsprobe/client-key")
    )
    found = files.load("ours")
    (leaf,) = load_pem_x509_certificates(issued.cert_chain_pems[0].bytes())
    assert found.key.public_key() == leaf.public_key()
    assert [one.name for one in tmp_path.iterdir()] == ["client.pem"]
    with pytest.raises(
        ValueError, match="the client identity ours: aws-secret:none cannot be read"
    ):
        ClientIdentityFiles(certificate=Path("aws-secret:none")).load("ours")


def test_region_and_credentials_are_asked_for_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ValueError, match="set AWS_REGION, or use the ARN"):
        read_place("aws-secret:any")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ValueError, match="no AWS credentials: give this process a role"):
        read_place("aws-secret:any")


def test_without_botocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "service.setting_types.aws_secrets", raising=False)
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(ValueError, match=r"Python package botocore: install tlsprobe\[aws\]"):
        read_place("aws-secret:any")


def test_a_rotated_secret_is_used_without_a_restart() -> None:
    store("tlsprobe/rotated", "first")
    place, now = "aws-secret:tlsprobe/rotated", [0.0]
    rotating = Rotating("a test", lambda: read_place(place), [place], lambda: now[0])
    client("secretsmanager").put_secret_value(SecretId="tlsprobe/rotated", SecretString="second")
    assert rotating.current() == "first"
    now[0] += 300.0
    assert rotating.current() == "second"


def test_the_iam_policy_has_the_actions_that_are_called_and_no_others(
    aws: AwsServer, tmp_path: Path
) -> None:
    store("tlsprobe/one", "text")
    client("ssm").put_parameter(Name="/one", Value="text", Type="SecureString")
    (tmp_path / "file").write_bytes(encrypted(b"text"))
    for operation in ("secretsmanager.GetSecretValue", "ssm.GetParameter", "kms.Decrypt"):
        service, _, name = operation.partition(".")
        aws.answers[service, name] = lambda _: None
    aws.calls.clear()
    for place in ("aws-secret:tlsprobe/one", "aws-parameter:/one", f"aws-kms:{tmp_path / 'file'}"):
        assert read_place(place) == "text"
    called = {OPERATIONS[f"{one.service}.{one.operation}"].action for one in aws.calls}
    statements = iam_policy({Feature.SECRETS})["Statement"]
    assert called == {action for one in statements for action in one["Action"]}
