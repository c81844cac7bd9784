"""The URLs that redirects lead to, by the examples of RFC 3986 and with any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.web.url import read_url

BASE = "http://a/b/c/d;p?q"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        ("..", "http://a/b/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("g;x=1/../y", "http://a/b/c/y"),
    ],
)
def test_references_are_resolved_as_rfc_3986_section_5_4_shows(
    reference: str, expected: str
) -> None:
    assert str(read_url(BASE).join(reference)) == expected


@pytest.mark.parametrize(
    ("text", "authority", "target"),
    [
        ("HTTPS://Example.COM", "example.com", "/"),
        ("https://example.com:443/x", "example.com", "/x"),
        ("http://example.com:443/x", "example.com:443", "/x"),
        ("http://user:secret@example.com/", "example.com", "/"),
        ("http://[2001:db8::1]:8080/?a=b", "[2001:db8::1]:8080", "/?a=b"),
        ("http://bücher.example/ä b", "xn--bcher-kva.example", "/%C3%A4%20b"),
        ("http://a/%7Euser?x=%20", "a", "/%7Euser?x=%20"),
    ],
)
def test_a_url_is_in_the_form_in_which_it_is_requested(
    text: str, authority: str, target: str
) -> None:
    url = read_url(text)
    assert (url.authority, url.target) == (authority, target)


@pytest.mark.parametrize(
    "text", ["http://[::bad", "http://a:99999/", "ftp://a/", "mailto:x@y", "http://", "/only"]
)
def test_what_cannot_be_requested_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_url(text)


@given(st.text(max_size=60))
def test_any_location_is_printable_ascii_or_refused(location: str) -> None:
    try:
        url = read_url(BASE).join(location)
    except ValueError:
        return
    assert str(url).isascii()
    assert not any(one.isspace() or not one.isprintable() for one in str(url))
    assert read_url(str(url)) == url
