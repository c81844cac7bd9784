"""Texts that people write for targets: read as they mean them, or refused in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.target import Target
from probe.discovery.targets import TargetError, parse_target

READ: tuple[tuple[str, str, int, str | None], ...] = (
    ("example.com", "example.com", 443, "example.com"),
    ("example.com:8443", "example.com", 8443, "example.com"),
    ("Example.COM.", "example.com", 443, "example.com"),
    ("192.0.2.1", "192.0.2.1", 443, None),
    ("192.0.2.1:8443", "192.0.2.1", 8443, None),
    ("[2001:db8::1]", "2001:db8::1", 443, None),
    ("[2001:DB8:0::1]:8443", "2001:db8::1", 8443, None),
    ("2001:db8::1", "2001:db8::1", 443, None),
    ("[fe80::1%eth0]:443", "fe80::1%eth0", 443, None),
    ("https://example.com", "example.com", 443, "example.com"),
    ("HTTPS://example.com:8443/path?q#f", "example.com", 8443, "example.com"),
    ("https://[2001:db8::1]/", "2001:db8::1", 443, None),
    ("bücher.example", "xn--bcher-kva.example", 443, "xn--bcher-kva.example"),
    ("_dmarc.example.com", "_dmarc.example.com", 443, "_dmarc.example.com"),
    ("localhost:1", "localhost", 1, "localhost"),
)

REFUSED = (
    "",
    " example.com",
    "example.com:",
    "example.com:0",
    "example.com:65536",
    "example.com:443:443",
    "example.com:٤٤٣",
    "exa mple.com",
    "example..com",
    "-example.com",
    "example.com\n",
    "\x1b[31mexample.com",
    "http://example.com",
    "smtp://example.com",
    "https://user:secret@example.com",
    "https://",
    "example.com/path",
    "[example.com]:443",
    "[2001:db8::1",
    "[2001:db8::1]443",
    "300.1.2.3",
    "127.1",
    "0x7f.1",
    "a" * 64 + ".example",
    "a." * 130 + "example",
)


@pytest.mark.parametrize(("text", "host", "port", "server_name"), READ)
def test_a_target_is_read(text: str, host: str, port: int, server_name: str | None) -> None:
    assert parse_target(text) == Target(host=host, port=port, server_name=server_name)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_target_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(TargetError) as refusal:
        parse_target(text)
    message = str(refusal.value)
    assert ("\n" in message, "\x1b" in message, len(message) < 400) == (False, False, True)


@given(st.text(max_size=80))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        target = parse_target(text)
    except TargetError:
        return
    assert target.host.isascii()
    assert 1 <= target.port <= 65535


@given(st.sampled_from([row[0] for row in READ]))
def test_a_target_s_key_names_it_again(text: str) -> None:
    target = parse_target(text)
    assert parse_target(target.key) == target


def test_the_server_name_takes_the_host_s_place() -> None:
    assert parse_target("192.0.2.1", server_name="Shop.Example").server_name == "shop.example"


def test_an_empty_server_name_sends_none() -> None:
    assert parse_target("example.com", server_name="").server_name is None


@pytest.mark.parametrize("server_name", ["192.0.2.1", "[2001:db8::1]", "no name", "a\nb"])
def test_a_bad_server_name_is_refused(server_name: str) -> None:
    with pytest.raises(TargetError):
        parse_target("example.com", server_name=server_name)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(TargetError, match="'gopher' is no known protocol"):
        parse_target("example.com", protocol="gopher")
