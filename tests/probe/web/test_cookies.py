"""Cookies' values are masked wherever an answer is stored; names and attributes, which are judged, stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.cookies import mask_cookies, mask_cookies_in_pieces
from probe.web.fields import cookies_without_secure
from probe.web.reply import read_reply

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("field", "masked"),
    [
        # RFC 6265, section 3.1
        (b"Set-Cookie: SID=31d4d96e407aad42", b"Set-Cookie: SID=****************"),
        (
            b"Set-Cookie: SID=31d4; Path=/; Domain=example.com",
            b"Set-Cookie: SID=****; Path=/; Domain=example.com",
        ),
        (
            b"Set-Cookie: lang=en-US; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
            b"Set-Cookie: lang=*****; Expires=Wed, 09 Jun 2021 10:18:14 GMT",
        ),
        (b"SET-COOKIE:a=b;HttpOnly;SECURE", b"SET-COOKIE:a=*;HttpOnly;SECURE"),
        (b"set-cookie2: a=b; Version=1", b"set-cookie2: a=*; *********"),
        (b"Set-Cookie: onlyvalue", b"Set-Cookie: *********"),
        (b'Set-Cookie: a="x;secret"; Secure', b"Set-Cookie: a=**;*******; Secure"),
        (b"Set-Cookie: a=b=c==; Path=/", b"Set-Cookie: a=*****; Path=/"),
        (b"Set-Cookie: a=;\r\n Path=/; zzz", b"Set-Cookie: a=;\r\n Path=/; ***"),
        (b"Set-Cookie \t: a=b", b"Set-Cookie \t: a=*"),
        (b"X-Other: a=b", b"X-Other: a=b"),
    ],
)
def test_a_value_is_masked_and_everything_else_is_unchanged(field: bytes, masked: bytes) -> None:
    assert mask_cookies(HEAD + field + b"\r\n\r\n") == HEAD + masked + b"\r\n\r\n"


@given(st.binary(max_size=80), st.integers(0, 200))
def test_masking_keeps_the_position_of_every_byte_and_is_idempotent(text: bytes, cut: int) -> None:
    answer = (HEAD + b"Set-Cookie: " + text)[:cut]
    masked = mask_cookies(answer)
    assert len(masked) == len(answer)
    assert mask_cookies(masked) == masked


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_pieces_keep_their_lengths(pieces: list[bytes]) -> None:
    pieces = [HEAD, b"Set-Coo", b"kie: a=secret", *pieces]
    masked = mask_cookies_in_pieces(pieces)
    assert list(map(len, masked)) == list(map(len, pieces))
    assert b"secret" not in b"".join(masked)


@pytest.mark.parametrize("beginning", [b"http/1.1 200 ok\r\n", b"\r\nHTTP/1.1 200 OK\r\n"])
def test_a_head_that_browsers_accept_is_masked_too(beginning: bytes) -> None:
    assert mask_cookies(beginning + b"Set-Cookie: a=b\r\n") == beginning + b"Set-Cookie: a=*\r\n"


def test_bytes_that_are_not_http_are_unchanged() -> None:
    other = b"220 mail\r\nSet-Cookie: a=b\r\n"
    assert mask_cookies(other) == other


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
    st.sampled_from(["", "; Secure", "; HttpOnly", "; secure ; Path=/"]),
)
def test_masking_does_not_change_the_verdict_on_cookies(value: str, attributes: str) -> None:
    field = f"Set-Cookie: name={value}{attributes}\r\n\r\n".encode()
    reply, masked = read_reply(HEAD + field), read_reply(mask_cookies(HEAD + field))
    assert reply is not None
    assert masked is not None
    assert cookies_without_secure(masked.fields) == cookies_without_secure(reply.fields)
