"""The messages to proxies, and the results of their answers, however these are split."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.connect.proxy.http_connect import HttpConnect
from probe.connect.proxy.proxy_protocol import ProxyProtocol, proxy_header
from probe.connect.proxy.socks5 import Socks5
from probe.connect.proxy.tunnel import TunnelEnd, TunnelFailed, TunnelOpen
from probe.dialogue.answer import Ending, FailureKind
from probe.dialogue.dialogue import Dialogue


def carried(
    dialogue: Dialogue[TunnelEnd], pieces: Iterable[bytes]
) -> tuple[TunnelEnd | None, bytes]:
    said: list[bytes] = []
    dialogue.begin(said.append)
    for piece in pieces:
        end = dialogue.feed(piece)
        if end is not None:
            return end, b"".join(said)
    return None, b"".join(said)


def cut(answer: bytes, places: Iterable[int]) -> list[bytes]:
    bounds = sorted({0, len(answer), *(place % (len(answer) + 1) for place in places)})
    return [answer[start:end] for start, end in pairwise(bounds)]


SOCKS_OPEN = b"\x05\x00" + b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"
SOCKS_NAMED = b"\x05\x00" + b"\x05\x00\x00\x03\x05proxy\x04\x38"
SOCKS_SIX = b"\x05\x00" + b"\x05\x00\x00\x04" + bytes(16) + b"\x04\x38"


@pytest.mark.parametrize("answer", [SOCKS_OPEN, SOCKS_NAMED, SOCKS_SIX])
@given(places=st.lists(st.integers(0, 40), max_size=6))
def test_socks_opens_however_its_answer_is_split(answer: bytes, places: list[int]) -> None:
    end, said = carried(Socks5("192.0.2.1", 443, None), cut(answer, places))
    assert end == TunnelOpen()
    assert said == b"\x05\x01\x00" + b"\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb"


def test_socks_keeps_the_server_bytes_after_the_answer() -> None:
    end, _ = carried(Socks5("192.0.2.1", 25, None), [SOCKS_OPEN + b"220 mail"])
    assert end == TunnelOpen(surplus=b"220 mail")


def test_socks_sends_the_password_if_it_is_requested() -> None:
    answer = [b"\x05\x02", b"\x01\x00", SOCKS_OPEN[2:]]
    end, said = carried(Socks5("2001:db8::1", 443, ("ops", "secret")), answer)
    assert end == TunnelOpen()
    address = ipaddress.ip_address("2001:db8::1").packed
    assert said == b"\x05\x01\x02\x01\x03ops\x06secret\x05\x01\x00\x04" + address + b"\x01\xbb"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"\x05\xff", FailureKind.UNREACHABLE, "another authentication method"),
        (b"\x04\x00", FailureKind.UNREACHABLE, "does not speak SOCKS5"),
        (b"\x05\x00\x05\x05\x00\x01", FailureKind.REFUSED, "connection refused"),
        (b"\x05\x00\x05\x04\x00\x01\x00", FailureKind.UNREACHABLE, "host unreachable"),
        (b"\x05\x00\x05\x63\x00\x01\x00", FailureKind.UNREACHABLE, "reply 99"),
        (b"\x05\x00\x05\x00\x00\x09\x00", FailureKind.UNREACHABLE, "does not speak SOCKS5"),
    ],
)
def test_socks_reports_why_it_failed(answer: bytes, kind: FailureKind, words: str) -> None:
    end, _ = carried(Socks5("192.0.2.1", 443, None), [answer + bytes(2)])
    assert isinstance(end, TunnelFailed)
    assert (end.kind, words in end.detail) == (kind, True)


def test_socks_reports_that_the_password_is_refused() -> None:
    end, _ = carried(Socks5("192.0.2.1", 443, ("ops", "wrong")), [b"\x05\x02", b"\x01\x01"])
    assert isinstance(end, TunnelFailed)
    assert "password" in end.detail


@given(st.lists(st.integers(0, 90), max_size=6))
def test_http_connect_opens_however_its_answer_is_split(places: list[int]) -> None:
    answer = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: x\r\n\r\n"
    end, said = carried(HttpConnect("192.0.2.1", 443, None), cut(answer, places))
    assert end == TunnelOpen()
    assert said.startswith(b"CONNECT 192.0.2.1:443 HTTP/1.1\r\n")


def test_http_connect_keeps_the_server_bytes_after_the_answer() -> None:
    end, _ = carried(HttpConnect("192.0.2.1", 25, None), [b"HTTP/1.1 200 OK\r\n\r\n220 mail"])
    assert end == TunnelOpen(surplus=b"220 mail")


def test_http_connect_puts_ipv6_addresses_in_brackets_and_sends_credentials() -> None:
    _, said = carried(HttpConnect("2001:db8::1", 443, ("ops", "secret")), [])
    assert said.startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n")
    assert b"Basic b3BzOnNlY3JldA==" in said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "credentials"),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "status 403"),
        (b"HTTP/1.1 504 Gateway Timeout\r\n\r\n", "in time"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2**15, "is not HTTP"),
    ],
)
def test_http_connect_reports_why_it_failed(answer: bytes, words: str) -> None:
    end, _ = carried(HttpConnect("192.0.2.1", 443, None), [answer])
    assert isinstance(end, TunnelFailed)
    assert words in end.detail


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_no_bytes_of_a_proxy_raise_an_exception(answer: bytes, places: list[int]) -> None:
    carried(Socks5("192.0.2.1", 443, ("a", "b")), cut(answer, places))
    carried(HttpConnect("192.0.2.1", 443, None), cut(answer, places))


@pytest.mark.parametrize("dialogue", [Socks5("192.0.2.1", 1, None), HttpConnect("a", 1, None)])
def test_a_silent_proxy_is_not_an_answer_of_the_server(dialogue: Dialogue[TunnelEnd]) -> None:
    dialogue.begin(lambda _: None)
    end = dialogue.end(Ending.SILENCE)
    assert isinstance(end, TunnelFailed)
    assert end.kind is FailureKind.UNREACHABLE


def test_the_proxy_protocol_v1_header_is_a_line() -> None:
    said = proxy_header(ProxyProtocol.V1, ("192.0.2.9", 50000), ("192.0.2.1", 443))
    assert said == b"PROXY TCP4 192.0.2.9 192.0.2.1 50000 443\r\n"


def test_the_proxy_protocol_v2_header_has_both_addresses() -> None:
    said = proxy_header(ProxyProtocol.V2, ("2001:db8::9", 50000), ("2001:db8::1", 443))
    assert said[:16] == b"\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24"
    assert said[16:32] == ipaddress.ip_address("2001:db8::9").packed
    assert said[-4:] == (50000).to_bytes(2, "big") + (443).to_bytes(2, "big")
