"""The status of an HTTP answer (RFC 9112, section 4), split at white space as its third paragraph allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.reply import read_reply
from probe.web.status_line import http_status


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.0 403 ", 403),
        (b"HTTP/1.1 495\r\n", 495),
        (b"HTTP/1.1 426", 426),
        (b"HTTP/1.1 2000 OK\r\n", None),
        (b"HTTP/1.1 20", None),
        (b"HTTP/1.1  200 OK\r\n", 200),
        (b"HTTP/1.1\t200 OK\r\n", 200),
        (b"http/1.1 200 ok\r\n", 200),
        (b"HTTP/2 200 OK\r\n", 200),
        (b"RTSP/1.0 200 OK\r\n", None),
        (b"\nHTTP/1.1 200 OK\r\n", 200),
        (b"xHTTP/1.1 200 OK\r\n", None),
        (b"", None),
    ],
)
def test_a_status_is_three_digits_after_the_version(answer: bytes, status: int | None) -> None:
    assert http_status(answer) == status


@given(status=st.integers(200, 599), rest=st.binary(max_size=40), cut=st.integers(0, 60))
def test_bytes_after_the_status_do_not_matter(status: int, rest: bytes, cut: int) -> None:
    beginning = b"HTTP/1.1 %d " % status
    assert http_status(beginning + rest[:cut]) == status


@given(status=st.integers(200, 599), minor=st.integers(0, 1), reason=st.sampled_from([b"", b"x y"]))
def test_the_status_equals_that_of_the_whole_head(status: int, minor: int, reason: bytes) -> None:
    head = b"HTTP/1.%d %d %s\r\nServer: x\r\n\r\n" % (minor, status, reason)
    whole = read_reply(head)
    assert whole is not None
    assert http_status(head) == whole.status == status
