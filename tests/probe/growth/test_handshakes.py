"""A full handshake's reader: each one-byte record of a reply costs the same."""

from __future__ import annotations

from functools import partial

import pytest

from probe.dialogue.handshake import PostHandshakeAction
from tests.probe.connect.memory_server import Talk
from tests.probe.growth.measuring import Row, Run, assert_linear
from tests.zoo.certificates import Certificates


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
