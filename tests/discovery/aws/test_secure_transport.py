"""The policy of a bucket is proved by two signed requests of a probe role, and by nothing less."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import MSG_PEEK, socket
from typing import Any, Final

import pytest
import trustme
from botocore.session import Session

from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.secure_transport import prove
from discovery.cloud.aws.sessions import AwsSession, Passage
from model.verdict import Verdict
from pki.net_guard.gate import SocketGate
from tests.discovery.aws.account import whole_account
from tests.discovery.aws.reading import ACCOUNT, REGION, read
from tests.discovery.aws.test_failures import role
from tests.support.aws_server import AwsServer

_TLS_HANDSHAKE: Final = b"\x16"
_FROM_S3: Final = {"x-amz-request-id": "4442587FB7D0A2F9"}
PROBE_ROLE: Final = "arn:aws:iam::{account}:role/tlsprobe-s3"


class Bucket(ThreadingHTTPServer):
    """A bucket at one port, with TLS and without, as clients choose; it answers HEAD with these statuses."""

    def __init__(self, over_http: int, over_https: int, certificate: trustme.LeafCert) -> None:
        super().__init__(("127.0.0.1", 0), _Head)
        self.statuses = {False: over_http, True: over_https}
        self.headers: Mapping[str, str] = _FROM_S3
        self.asked: list[tuple[bool, str, str]] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        if connection.recv(1, MSG_PEEK) == _TLS_HANDSHAKE:
            return self._context.wrap_socket(connection, server_side=True), address
        return connection, address


class _Head(BaseHTTPRequestHandler):
    server: Bucket

    def do_HEAD(self) -> None:
        has_tls = isinstance(self.connection, ssl.SSLSocket)
        self.server.asked.append((has_tls, self.path, self.headers["Authorization"]))
        self.send_response(self.server.statuses[has_tls])
        for name, text in self.server.headers.items():
            self.send_header(name, text)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def bucket(
    over_http: int, over_https: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Bucket, AwsSession]]:
    """A bucket, and the session of the probe role, which trusts its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "prober")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with Bucket(over_http, over_https, authority.issue_cert("127.0.0.1")) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        passage = Passage(
            limits=Limits(),
            gate=SocketGate(),
            endpoint_url=f"https://127.0.0.1:{server.server_port}",
        )
        try:
            yield server, AwsSession(Session(), ACCOUNT, passage)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("over_http", "over_https", "expected"),
    [
        (403, 200, Verdict.YES),
        (200, 200, Verdict.NO),
        (403, 403, Verdict.UNKNOWN),
        (404, 404, Verdict.UNKNOWN),
    ],
)
def test_only_a_refusal_next_to_a_permission_proves_the_policy(
    over_http: int,
    over_https: int,
    expected: Verdict,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with bucket(over_http, over_https, tmp_path, monkeypatch) as (server, prober):
        found = prove(prober, "invoices", REGION)
    assert found.verdict is expected
    answers = f"signed HEAD over HTTP: {over_http}; over HTTPS: {over_https}"
    assert found.observed.startswith(answers)
    assert ("s3:ListBucket" in found.observed) is (over_https == 403)
    (http, path, signed), (https, *_) = server.asked
    assert (http, https, path) == (False, True, "/invoices")
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=prober/")
    assert "secret" not in signed


def test_a_refusal_that_does_not_come_from_s3_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket(403, 200, tmp_path, monkeypatch) as (server, prober):
        server.headers = {}
        found = prove(prober, "invoices", REGION)
    assert found.verdict is Verdict.UNKNOWN
    assert "403, not from S3" in found.observed


async def test_no_request_is_sent_unless_a_probe_role_is_set(aws: AwsServer) -> None:
    aws.answers |= whole_account("")
    aws.answers["s3", "HeadBucket"] = {}
    (target,) = (await read(aws, "s3")).targets
    assert "s3_probe_role_arn" in target.claims[0].unprovable
    assert aws.called("s3", "HeadBucket") == 0


async def test_the_probe_role_sends_the_requests_and_no_others(aws: AwsServer) -> None:
    aws.answers |= whole_account("")
    aws.answers["s3", "HeadBucket"] = {}
    aws.answers["sts", "AssumeRole"] = role("ASIAPROBER0000000000", seconds=3600)
    (target,) = (await read(aws, "s3", s3_probe_role_arn=PROBE_ROLE)).targets
    proof = target.claims[0].proof
    assert proof is not None
    assert proof.observed.startswith("signed HEAD over HTTP: 200")
    (assumed,) = [one for one in aws.calls if one.operation == "AssumeRole"]
    assert assumed.form["RoleArn"] == PROBE_ROLE.format(account=ACCOUNT)
    by_prober = {one.operation for one in aws.calls if one.key == "ASIAPROBER0000000000"}
    assert by_prober == {"HeadBucket"}
    assert aws.called("s3", "HeadBucket") == 2
