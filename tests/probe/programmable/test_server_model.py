"""The servers of these tests speak TLS correctly: Python's own ssl module understands them.

A test server that only our codec can read would prove nothing.
"""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.probe.programmable import behaviours, wire
from tests.probe.programmable.client_hello import read_client_hello
from tests.probe.programmable.server_model import ServerModel, Then

SUITE = 0xC02B
TLS12 = ServerModel(cipher_suites={wire.TLSV1_2: (SUITE,)})
TLS13 = ServerModel(cipher_suites={wire.TLSV1_3: (0x1301,)}, groups=(0x0018,))


class Client:
    """A TLS client of Python's ssl over memory, which has sent its hello."""

    def __init__(self, *, at_most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = at_most
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname="zoo.test")
        self.hello = self.after(b"")

    def after(self, received: bytes) -> bytes:
        """What the client sends next, after it has read ``received``."""
        self._received.write(received)
        with pytest.raises(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._to_send.read()

    def error_after(self, received: bytes) -> str:
        """OpenSSL's reason for giving up, after the client has read ``received``."""
        self._received.write(received)
        with pytest.raises(ssl.SSLError) as caught:
            self._tls.do_handshake()
        return caught.value.reason


def test_the_hello_is_read_as_it_was_written() -> None:
    hello = read_client_hello(Client().hello)
    assert hello is not None
    assert (hello.versions >= {0x0303, 0x0304}, hello.sends_server_name) == (True, True)
    assert {0x1301, 0xC02B} <= set(hello.cipher_suites)
    assert set(hello.key_shares) <= set(hello.groups)


def test_no_prefix_of_a_hello_is_answered() -> None:
    hello = Client().hello
    assert all(TLS12.reply(hello[:length]) is None for length in range(len(hello)))


@pytest.mark.parametrize(
    "rewrite",
    [
        behaviours.one_record_for_each_message,
        behaviours.in_one_byte_records,
        behaviours.after_a_warning,
    ],
)
def test_a_client_accepts_hello_and_certificate(rewrite: behaviours.Rewrite) -> None:
    client = Client(at_most=ssl.TLSVersion.TLSv1_2)
    reply = TLS12.reply(client.hello)
    assert reply is not None
    assert client.after(rewrite(behaviours.stalls_after(2)(reply.sent))) == b""


def test_a_client_rejects_only_the_signature_of_the_flight() -> None:
    client = Client(at_most=ssl.TLSVersion.TLSv1_2)
    reply = TLS12.reply(client.hello)
    assert reply is not None
    assert client.error_after(reply.sent) == "BAD_SIGNATURE"


def test_a_client_answers_hello_retry_request_with_the_requested_group() -> None:
    client = Client()
    reply = TLS13.reply(client.hello)
    assert reply is not None
    second = client.after(reply.sent)
    hello = read_client_hello(second[second.index(b"\x16\x03") :])
    assert hello is not None
    assert set(hello.key_shares) == {0x0018}


def test_the_server_refuses_what_it_does_not_have() -> None:
    reply = TLS13.reply(Client(at_most=ssl.TLSVersion.TLSv1_2).hello)
    assert reply is not None
    assert reply.sent == wire.alert(wire.FATAL, wire.PROTOCOL_VERSION)


@pytest.mark.parametrize("server_decides", [True, False])
def test_the_side_that_decides_sets_the_order(server_decides: bool) -> None:
    hello = Client(at_most=ssl.TLSVersion.TLSv1_2).hello
    offered = read_client_hello(hello)
    assert offered is not None
    mine = tuple(reversed(offered.cipher_suites))
    model = ServerModel(cipher_suites={wire.TLSV1_2: mine}, server_decides=server_decides)
    reply = model.reply(hello)
    expected = mine[0] if server_decides else offered.cipher_suites[0]
    assert reply is not None
    # After the record and message headers: version, random and an empty session id.
    assert reply.sent[9 + 2 + 32 + 1 :][:2] == wire.uint16(expected)


@pytest.mark.parametrize(
    ("model", "then"),
    [
        (ServerModel(cipher_suites=TLS12.cipher_suites, most_suites=1), Then.CLOSE),
        (ServerModel(cipher_suites=TLS12.cipher_suites, hangs_at_lengths=range(65536)), Then.WAIT),
        (ServerModel(cipher_suites=TLS12.cipher_suites, silence=1.0), Then.WAIT),
    ],
    ids=["too many suites", "bad length", "silence"],
)
def test_a_hello_that_the_server_rejects_gets_no_byte(model: ServerModel, then: Then) -> None:
    reply = model.reply(Client().hello)
    assert reply is not None
    assert (reply.sent, reply.then) == (b"", then)


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_incomplete_or_not_a_hello(received: bytes) -> None:
    try:
        hello = read_client_hello(received)
    except (ValueError, IndexError):
        return
    assert hello is None
