"""What a web server's response says about encryption, by the RFCs' own examples and with malformed input."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.fields import (
    Fields,
    StrictTransport,
    alternative_protocols,
    cookies_without_secure,
    strict_transport,
)
from probe.web.heads import LONGEST_HEAD
from probe.web.in_plaintext import PlaintextAnswer, PlaintextRequest
from probe.web.reply import ReplyReader, read_reply
from probe.web.site import WebSite
from probe.web.url import read_url


def policy(age: int, *, subdomains: bool = False, preload: bool = False) -> StrictTransport:
    return StrictTransport(max_age_seconds=age, include_subdomains=subdomains, preload=preload)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("max-age=31536000", policy(31536000)),
        ("max-age=15768000 ; includeSubDomains", policy(15768000, subdomains=True)),
        ('max-age="31536000"', policy(31536000)),
        ("max-age=0", policy(0)),
        ("max-age=0; includeSubDomains", policy(0, subdomains=True)),
        ("MAX-AGE=5; INCLUDESUBDOMAINS; Preload;", policy(5, subdomains=True, preload=True)),
        ("max-age=5; somethingElse=yes", policy(5)),
        ("includeSubDomains", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=5; max-age=6", None),
        ("max-age=five", None),
        ("max-age 5", None),
        ("max-age = 5 ; includeSubDomains", policy(5, subdomains=True)),
        ('max-age="5" 6', None),
        ("max-age=5; a b=c", None),
        ("", None),
    ],
)
def test_strict_transport_is_read_as_rfc_6797_defines(
    field: str, expected: StrictTransport | None
) -> None:
    assert strict_transport(Fields([("Strict-Transport-Security", field)])) == expected


def test_only_the_first_field_of_strict_transport_counts() -> None:
    fields = Fields(
        [("strict-transport-security", "max-age=1"), ("strict-transport-security", "max-age=2")]
    )
    assert strict_transport(fields) == policy(1)


def test_cookies_without_secure_are_named() -> None:
    fields = Fields(
        [
            ("set-cookie", "session=1; Path=/; Secure; HttpOnly"),
            ("set-cookie", "tracking=secure; HttpOnly"),
            ("set-cookie", "lang=en; sEcUrE=1"),
        ]
    )
    assert cookies_without_secure(fields) == ("tracking",)
    assert cookies_without_secure(Fields()) is None


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('h3=":443"; ma=86400, h3-29=":443"', ("h3", "h3-29")),
        ('h2="alt.example:8000"', ("h2",)),
        ("clear", ()),
        ('h3=":443",h3=":8443"', ("h3",)),
    ],
)
def test_alternative_services_are_named(field: str, expected: tuple[str, ...]) -> None:
    assert alternative_protocols(Fields([("Alt-Svc", field)])) == expected


@given(st.text(max_size=60))
def test_no_text_in_a_field_makes_reading_raise(text: str) -> None:
    value = text.encode("utf-8", "ignore")
    names = (b"strict-transport-security", b"set-cookie", b"alt-svc", b"location")
    fields = Fields.decoded((name, value) for name in names)
    strict_transport(fields)
    cookies_without_secure(fields)
    alternative_protocols(fields)


REPLY = b"HTTP/1.1 301 Moved\r\nLocation: https://a.example/\r\nServer: x\r\n\r\n<html>"


@given(st.lists(st.integers(0, len(REPLY)), max_size=5))
def test_a_head_is_read_however_it_is_split(places: list[int]) -> None:
    request = PlaintextRequest("a.example", user_agent="test")
    request.begin(lambda _: None)
    bounds = sorted({0, len(REPLY), *places})
    answers = [request.feed(REPLY[start:end]) for start, end in pairwise(bounds)]
    answer = next(one for one in answers if one is not None)
    assert answer.reply is not None
    target = answer.reply.leads_to(read_url("http://a.example/"))
    assert str(target) == "https://a.example/"


def test_relative_redirects_stay_on_the_same_host() -> None:
    reply = read_reply(b"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n")
    assert reply is not None
    assert str(reply.leads_to(read_url("http://a.example/"))) == "http://a.example/login"


def test_an_invalid_location_is_not_a_redirect() -> None:
    reply = read_reply(b"HTTP/1.1 302 Found\r\nLocation: http://[::bad\r\n\r\n")
    assert reply is not None
    assert reply.leads_to(read_url("http://a.example/")) is None


@pytest.mark.parametrize(
    "received",
    [b"SSH-2.0-x\r\n", b"\x15\x03\x03\x00\x02\x02\x46", b"HTTP/1.1 " + b"2" * 20 + b"\r\n"],
)
def test_an_answer_that_is_not_http_ends_the_request(received: bytes) -> None:
    request = PlaintextRequest("a.example", user_agent="test")
    request.begin(lambda _: None)
    answer = request.feed(received + b"\r\n")
    assert isinstance(answer, PlaintextAnswer)
    assert answer.reply is None


def test_an_endless_head_is_not_http() -> None:
    reader = ReplyReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nX: " + b"a" * (LONGEST_HEAD + 1)) is None
    assert not reader.is_http


def test_endless_interim_replies_are_not_an_answer() -> None:
    reader = ReplyReader()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert reader.feed(interim * (LONGEST_HEAD // len(interim) + 1)) is None
    assert not reader.is_http


def test_a_long_body_does_not_hide_the_head() -> None:
    reply = read_reply(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + bytes(900_000))
    assert reply is not None
    assert reply.status == 200


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_make_a_request_raise(pieces: list[bytes]) -> None:
    request = PlaintextRequest("a.example", user_agent="test")
    request.begin(lambda _: None)
    for piece in pieces:
        if request.feed(piece) is not None:
            return


def test_a_web_site_is_recognised_by_name_port_or_alpn() -> None:
    def site(port: int, *, is_web: bool | None = None) -> WebSite:
        return WebSite.of("a.example", port, is_web=is_web, http_port=None)

    assert site(443).is_likely(())
    assert site(5000).is_likely(("h2",))
    assert not site(5000).is_likely(("xmpp-client",))
    assert site(5000, is_web=True).is_likely(())
    assert not site(443, is_web=False).is_likely(("h2",))
    assert (site(443).authority, site(8443).authority) == ("a.example", "a.example:8443")
