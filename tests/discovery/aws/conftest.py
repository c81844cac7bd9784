from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from tests.support.aws_server import AwsServer, aws_server


@pytest.fixture(scope="module")
def started() -> Iterator[AwsServer]:
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(started: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> AwsServer:
    """AWS on loopback with credentials; nothing of this machine's own configuration is read."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "base",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    started.reset()
    return started


@pytest.fixture(scope="module")
def pem() -> str:
    """A certificate."""
    return trustme.CA().issue_cert("www.example.com").cert_chain_pems[0].bytes().decode()
