"""What is sent over HTTP/1.1 is what h11, as the server, reads; nothing in it can begin another line."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.heads import request_bytes

TARGETS = st.from_regex(r"/[!-~]{0,80}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]([ -~]{0,40}[!-~])?", fullmatch=True)


@given(target=TARGETS, agent=VALUES)
def test_a_server_reads_the_request_that_was_meant(target: str, agent: str) -> None:
    server = h11.Connection(our_role=h11.SERVER)
    server.receive_data(request_bytes("GET", target, [("Host", "a.test"), ("User-Agent", agent)]))
    read = server.next_event()
    assert isinstance(read, h11.Request)
    assert (read.method, read.target) == (b"GET", target.encode())
    assert list(read.headers) == [(b"host", b"a.test"), (b"user-agent", agent.encode())]
    assert isinstance(server.next_event(), h11.EndOfMessage)


@pytest.mark.parametrize("target", ["", "/a b", "/a\r\nX: y", "/\u00fc", "/\x00"])
def test_a_target_that_would_end_its_word_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        request_bytes("GET", target, [("Host", "a.test")])


@pytest.mark.parametrize("value", ["", " a", "a\r\nX: y", "\u00fc", "a\x00"])
def test_a_value_that_would_end_its_line_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"User-Agent: .* printable ASCII"):
        request_bytes("GET", "/", [("Host", "a.test"), ("User-Agent", value)])
