"""One GET over HTTP/1.1 or HTTP/2: any response is read as RFC 9112 and RFC 9113 say, in pieces of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count, pairwise

import h2.config
import h2.connection
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.dialogue.answer import Ending
from probe.web.http_get import Http1Get, Http2Get, HttpGet, HttpRequest, HttpResponse

REQUEST = HttpRequest(scheme="https", host="a.test", path="/x?y", user_agent="tester")
STATUSES = st.integers(min_value=200, max_value=599).filter(lambda one: one not in {204, 304})
BODIES = st.binary(max_size=5_000)


def clock() -> Callable[[], float]:
    readings = count(1)
    return lambda: float(next(readings))


def fed(get: HttpGet, pieces: Iterable[bytes], ending: Ending = Ending.CLOSED) -> HttpResponse:
    for piece in pieces:
        result = get.feed(piece)
        if result is not None:
            return result
    return get.end(ending)


@st.composite
def pieces_of(draw: st.DrawFn, whole: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    ends = [0, *cuts, len(whole)]
    return [whole[start:end] for start, end in pairwise(ends) if start < end]


@given(st.data(), STATUSES, BODIES, st.sampled_from(["1.0", "1.1"]), st.booleans())
def test_a_response_of_http_1_is_counted_whole(
    data: st.DataObject, status: int, body: bytes, version: str, has_length: bool
) -> None:
    length = f"Content-Length: {len(body)}\r\n" if has_length else ""
    head = f"HTTP/{version} {status} Words\r\n{length}Location: /z\r\n\r\n".encode()
    sent: list[bytes] = []
    get = Http1Get(REQUEST, clock())
    get.begin(sent.append)
    assert b"".join(sent).startswith(b"GET /x?y HTTP/1.1\r\nHost: a.test\r\n")
    seen = fed(get, data.draw(pieces_of(head + body)))
    assert (seen.status, seen.version, seen.failure) == (status, float(version), None)
    assert (seen.body_length, seen.fields["location"]) == (len(body), "/z")
    assert seen.content_length == (len(body) if has_length else -1)
    assert seen.asked_at < (seen.answered_at or 0) < seen.ended_at


def answer_of_http_2(preface: bytes, status: int, body: bytes) -> bytes:
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_connection()
    server.receive_data(preface)
    fields = [(":status", str(status)), ("location", "/z")]
    server.send_headers(1, fields, end_stream=not body)
    if body:
        server.send_data(1, body, end_stream=True)
    return bytes(server.data_to_send())


@given(st.data(), STATUSES, BODIES)
def test_a_response_of_http_2_is_counted_whole(
    data: st.DataObject, status: int, body: bytes
) -> None:
    sent: list[bytes] = []
    get = Http2Get(REQUEST, clock())
    get.begin(sent.append)
    seen = fed(get, data.draw(pieces_of(answer_of_http_2(b"".join(sent), status, body))))
    assert (seen.status, seen.version, seen.failure) == (status, 2.0, None)
    assert (seen.body_length, seen.fields["location"]) == (len(body), "/z")
    assert seen.content_length == (-1 if body else 0)


@pytest.mark.parametrize("kind", [Http1Get, Http2Get])
@given(garbage=st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_end_in_a_response_with_its_failure(
    kind: Callable[..., HttpGet], garbage: list[bytes]
) -> None:
    get = kind(REQUEST, clock())
    get.begin(lambda _: None)
    seen = fed(get, garbage, Ending.RESET)
    assert seen.failure is not None or seen.status


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"220 mail ESMTP\r\n", "does not begin with HTTP/"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "closed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not valid HTTP"),
        (b"", "closed"),
    ],
)
def test_a_response_that_did_not_come_whole_says_why(answer: bytes, named: str) -> None:
    get = Http1Get(REQUEST, clock())
    get.begin(lambda _: None)
    assert named in (fed(get, [answer] if answer else []).failure or "")
