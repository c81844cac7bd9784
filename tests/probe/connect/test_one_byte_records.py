"""A server may send its reply in records of one byte each, more of them than Python's recursion limit."""

from __future__ import annotations

import sys

import pytest

from probe.dialogue.answer import Ending
from probe.dialogue.handshake import HandshakeEnd, PostHandshakeAction
from tests.probe.connect.memory_server import Talk
from tests.zoo.certificates import Certificates

REPLY = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5000 + b"\r\n\r\n"


@pytest.mark.parametrize(
    "post_handshake", [PostHandshakeAction.HTTP_HEAD, PostHandshakeAction.HTTP]
)
def test_a_reply_in_one_byte_records_is_read(
    post_handshake: PostHandshakeAction, certificates: Certificates
) -> None:
    assert len(REPLY) > 3 * sys.getrecursionlimit()
    outcome = Talk(certificates, post_handshake, REPLY).finish()
    assert outcome is not None
    assert outcome.end is HandshakeEnd.ACCEPTED
    assert outcome.reply == (
        REPLY if post_handshake is PostHandshakeAction.HTTP_HEAD else b"HTTP/1.1 200 "
    )


def test_a_plaintext_exchange_is_answered_until_the_server_closes(
    certificates: Certificates,
) -> None:
    talk = Talk(certificates, PostHandshakeAction.WORDS, REPLY)
    assert talk.finish() is None
    assert talk.dialogue.end(Ending.CLOSED).reply == REPLY
