"""The table of application protocols is consistent, and the page lists all of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from model.application_protocol import (
    AUTO,
    DEFAULT_PROTOCOL,
    DTLS,
    IKE,
    PROTOCOLS,
    ApplicationProtocol,
    default_protocol,
    protocol_named,
    speaks_tls_first,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocols.md"


def test_no_name_is_listed_twice() -> None:
    names = Counter(name for one in PROTOCOLS for name in one.names)
    assert [name for name, count in names.items() if count > 1] == []
    assert AUTO not in names


def test_no_port_means_two_protocols() -> None:
    implied = [one for one in PROTOCOLS if one.upgrades or not one.uses_tls]
    ports = Counter(port for one in implied for port in one.ports)
    assert [port for port, count in ports.items() if count > 1] == []


# IANA's Service Name and Transport Protocol Port Number Registry.
@pytest.mark.parametrize(
    ("port", "name"),
    [
        (22, "ssh"),
        (500, IKE),
        (4500, IKE),
        (25, "smtp"),
        (143, "imap"),
        (389, "ldap"),
        (5432, "postgres"),
        (3389, "rdp"),
    ],
)
def test_a_port_of_a_protocol_that_does_not_start_with_tls_implies_that_protocol(
    port: int, name: str
) -> None:
    assert default_protocol(port) == name


@pytest.mark.parametrize("port", [443, 465, 853, 993, 8883, 9999])
def test_any_other_port_implies_tls_from_the_first_byte(port: int) -> None:
    assert default_protocol(port) == DEFAULT_PROTOCOL


@pytest.mark.parametrize(
    ("name", "expected"), [("HTTPS", "tls"), ("redshift", "postgres"), ("dot", "dns")]
)
def test_an_alias_in_any_case_names_its_protocol(name: str, expected: str) -> None:
    assert protocol_named(name).name == expected


@pytest.mark.parametrize(
    ("name", "message"), [("smpt", "did you mean smtp"), ("q", "docs/reference/protocols.md")]
)
def test_an_unknown_name_is_refused_with_close_matches(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        protocol_named(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tls", True),
        ("imaps", True),
        (DTLS, True),
        ("imap", False),
        (AUTO, False),
        ("ssh", False),
        (IKE, False),
    ],
)
def test_tls_comes_first_unless_the_protocol_upgrades_or_is_unknown(
    name: str, *, expected: bool
) -> None:
    assert speaks_tls_first(name) is expected


def test_few_run_over_datagrams_and_only_https_may_be_http() -> None:
    datagrams = {one.name for one in PROTOCOLS if one.is_datagram}
    assert datagrams == {DTLS, IKE, "openvpn-udp", "wireguard"}
    assert [one.name for one in PROTOCOLS if one.may_be_http] == [DEFAULT_PROTOCOL]


def test_the_page_has_each_protocol_with_its_ports() -> None:
    text = PAGE.read_text(encoding="utf-8")
    begins, first = text.index("## Upgrades to TLS"), text.index("## TLS from the first byte")
    without_tls = text.index("## SSH")
    assert _rows(text[begins:first]) == _table(one for one in PROTOCOLS if one.upgrades)
    direct = (one for one in PROTOCOLS if one.uses_tls and not one.upgrades)
    assert _rows(text[first:without_tls]) == _table(direct)
    assert _rows(text[without_tls:]) == _table(one for one in PROTOCOLS if not one.uses_tls)


def test_a_port_means_openvpn_over_tcp_and_never_wireguard() -> None:
    assert default_protocol(1194) == "openvpn"
    assert default_protocol(51820) == DEFAULT_PROTOCOL


def _rows(text: str) -> tuple[set[str], set[int]]:
    rows = re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", text, re.MULTILINE)
    names = {name for cell, _ in rows for name in re.findall(r"`([a-z0-9-]+)`", cell)}
    return names, {int(port) for _, listed in rows for port in re.findall(r"\d+", listed)}


def _table(protocols: Iterable[ApplicationProtocol]) -> tuple[set[str], set[int]]:
    rows = list(protocols)
    return {name for one in rows for name in one.names}, {p for one in rows for p in one.ports}
