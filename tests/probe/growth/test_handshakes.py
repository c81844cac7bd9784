"""The readers of full handshakes: each one-byte record of a reply costs the same."""

from __future__ import annotations

from functools import partial

import pytest

from model.protocol_version import ProtocolVersion
from probe.connect.openssl.simple_client import ClientOptions, SimpleClient
from probe.dialogue.handshake import PostHandshakeAction
from probe.web.http_get import Http1Get, HttpRequest
from tests.probe.connect.memory_server import MemoryServer, Talk
from tests.probe.growth.measuring import Row, Run, assert_linear
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "post_handshake", [PostHandshakeAction.HTTP_HEAD, PostHandshakeAction.WORDS]
)
def test_a_reply_in_one_byte_records_costs_its_length(
    post_handshake: PostHandshakeAction, certificates: Certificates
) -> None:
    def prepare(length: int) -> Run:
        reply = b"HTTP/1.1 200 OK\r\n" + b"\r" * length
        return partial(Talk(certificates, post_handshake, reply).finish)

    assert_linear(Row("OpenSslHandshake", str(post_handshake), prepare))


def test_a_response_in_one_byte_records_costs_its_length(certificates: Certificates) -> None:
    request = HttpRequest(scheme="https", host="zoo.test", path="/", user_agent="test")

    def prepare(length: int) -> Run:
        reply = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * length
        options = ClientOptions(
            versions=(ProtocolVersion.TLSV1_3,),
            server_name="zoo.test",
            talk=lambda *_: Http1Get(request, lambda: 0.0),
        )
        client, said = SimpleClient(options, lambda: 0.0), list[bytes]()
        server = MemoryServer(certificates, reply)
        client.begin(said.append)
        assert client.feed(server.answer(said.pop())) is None
        return partial(client.feed, server.answer(b"".join(said)))

    assert_linear(Row("SimpleClient", "one-byte records", prepare))
