"""Targets as people write them: parsed as intended, or refused with one sentence."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from discovery.targets import TargetError, parse_target
from model.target import Target

READ: tuple[tuple[str, str, int, str | None], ...] = (
    ("example.com", "example.com", 443, "example.com"),
    ("example.com:8443", "example.com", 8443, "example.com"),
    ("Example.COM.", "example.com.", 443, "example.com"),
    ("192.0.2.1", "192.0.2.1", 443, None),
    ("192.0.2.1:8443", "192.0.2.1", 8443, None),
    ("[2001:db8::1]", "2001:db8::1", 443, None),
    ("[2001:DB8:0::1]:8443", "2001:db8::1", 8443, None),
    ("2001:db8::1", "2001:db8::1", 443, None),
    ("[fe80::1%eth0]:443", "fe80::1%eth0", 443, None),
    ("https://[fe80::1%25eth0]/", "fe80::1%eth0", 443, None),
    ("https://[fe80::1%eth0.100]/", "fe80::1%eth0.100", 443, None),
    ("fe80::1%2", "fe80::1%2", 443, None),
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
    "smpt://example.com",
    "smtp://",
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


SPOKEN: tuple[tuple[str, str, int], ...] = (
    ("smtp://mail.example", "smtp", 25),
    ("submission://mail.example", "submission", 587),
    ("imap://mail.example:1143", "imap", 1143),
    ("IMAPS://mail.example", "imaps", 993),
    ("postgres://db.example", "postgres", 5432),
    ("postgresql://db.example:5433/orders", "postgres", 5433),
    ("postgres://[2001:db8::1]", "postgres", 5432),
    ("auto://mail.example:2525", "auto", 2525),
    ("auto://mail.example", "auto", 443),
    ("tls://mail.example:25", "tls", 25),
    ("https://mail.example:25", "tls", 25),
    ("mail.example:25", "smtp", 25),
    ("mail.example:587", "submission", 587),
    ("mail.example:993", "tls", 993),
    ("mail.example:2525", "tls", 2525),
)


@pytest.mark.parametrize(("text", "protocol", "port"), SPOKEN)
def test_the_scheme_or_else_the_port_names_the_protocol(
    text: str, protocol: str, port: int
) -> None:
    target = parse_target(text)
    assert (target.protocol, target.port) == (protocol, port)


def test_the_field_names_the_protocol_if_the_text_does_not() -> None:
    target = parse_target("db.example:25", protocol="postgresql")
    assert (target.protocol, target.port) == ("postgres", 25)
    assert parse_target("db.example", protocol="postgres").port == 5432


def test_two_names_for_the_protocol_that_differ_are_refused() -> None:
    with pytest.raises(TargetError, match="remove one of the two"):
        parse_target("imap://mail.example", protocol="smtp")


def test_a_misspelt_protocol_is_reported_with_the_closest_match() -> None:
    with pytest.raises(TargetError, match="did you mean smtp"):
        parse_target("smpt://mail.example")
    with pytest.raises(TargetError, match="did you mean postgres"):
        parse_target("db.example", protocol="postgre")


@pytest.mark.parametrize("text", REFUSED)
def test_an_invalid_target_is_refused_in_one_sentence(text: str) -> None:
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


SERVER_NAMES = (None, "", "shop.example", "127.0.0.1.example")


@given(
    st.sampled_from([row[0] for row in (*READ, *SPOKEN)]),
    st.sampled_from(SERVER_NAMES),
    st.sampled_from([None, "smtp", "auto", "postgres"]),
)
def test_a_target_s_key_names_it_again(
    text: str, server_name: str | None, protocol: str | None
) -> None:
    try:
        target = parse_target(text, server_name=server_name, protocol=protocol)
    except TargetError:
        assume(False)
    assert parse_target(target.key) == target


def test_the_requested_server_name_overrides_the_one_of_a_key() -> None:
    key = "192.0.2.1:8443?server_name=shop.example"
    assert parse_target(key).server_name == "shop.example"
    assert parse_target(key, server_name="other.example").server_name == "other.example"


def test_the_query_of_a_url_is_not_a_key_s_server_name() -> None:
    assert parse_target("https://a.example/?server_name=b").server_name == "a.example"
    with pytest.raises(TargetError, match="no valid port"):
        parse_target("a.example:443?name=b")


def test_the_given_server_name_replaces_the_host() -> None:
    assert parse_target("192.0.2.1", server_name="Shop.Example").server_name == "shop.example"


def test_a_final_dot_stays_for_look_ups_alone() -> None:
    target = parse_target("web.test.:8443", server_name="Shop.Test.")
    assert (target.host, target.server_name) == ("web.test.", "shop.test")
    assert parse_target("web.test.:8443").key == "web.test.:8443"
    assert parse_target("web.test.:8443").reference_name == "web.test"


def test_an_empty_server_name_sends_no_sni() -> None:
    assert parse_target("example.com", server_name="").server_name is None


@pytest.mark.parametrize("server_name", ["192.0.2.1", "[2001:db8::1]", "no name", "a\nb"])
def test_a_bad_server_name_is_refused(server_name: str) -> None:
    with pytest.raises(TargetError):
        parse_target("example.com", server_name=server_name)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(TargetError, match="'gopher' is an unknown protocol"):
        parse_target("example.com", protocol="gopher")
