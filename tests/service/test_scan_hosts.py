"""The hosts of a scan, by what the user names."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.application_protocol import PROTOCOLS, ApplicationProtocol
from service.cli.main import run_command
from service.scan.hosts import MOST_WITHOUT_QUESTION, NamedHost, named_hosts, targets_of
from service.scan.request import ScanInputError
from tests.service.processes import tlsprobe

LIST = """\
# mail
smtp://mail.example.com   # the old one

example.com:8443
https://example.org/#top
"""
KEYS = [
    "mail.example.com:25",
    "example.com:8443",
    "example.org:443",
]


def keys(
    arguments: Sequence[str] = (),
    file: Path | None = None,
    given_in: str = "",
    *,
    may_probe: bool = False,
) -> list[str]:
    hosts = named_hosts(arguments, file, io.StringIO(given_in))
    return [target.key for target in targets_of(hosts, None, lambda _: may_probe)]


def test_a_file_names_hosts_after_those_of_the_arguments(tmp_path: Path) -> None:
    file = tmp_path / "hosts.txt"
    file.write_text(LIST)
    assert keys(["first.example"], file) == ["first.example:443", *KEYS]


@pytest.mark.parametrize(("arguments", "file"), [(["-"], None), ([], Path("-"))], ids=str)
def test_a_hyphen_is_standard_input(arguments: list[str], file: Path | None) -> None:
    assert keys(arguments, file, LIST) == KEYS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.8/30", ["192.0.2.9:443", "192.0.2.10:443"]),
        ("192.0.2.9/30", ["192.0.2.9:443", "192.0.2.10:443"]),
        ("192.0.2.8/31:8443", ["192.0.2.8:8443", "192.0.2.9:8443"]),
        ("192.0.2.8/32", ["192.0.2.8:443"]),
        ("[2001:db8::/127]:636", ["[2001:db8::]:636", "[2001:db8::1]:636"]),
        ("2001:db8::/128", ["[2001:db8::]:443"]),
    ],
)
def test_a_network_is_all_of_its_addresses(text: str, expected: list[str]) -> None:
    assert keys([text]) == expected


@given(st.ip_addresses(v=4), st.integers(20, 32))
def test_a_network_has_the_addresses_that_hosts_can_have(
    address: ipaddress.IPv4Address, length: int
) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    found = keys([f"{address}/{length}"], may_probe=True)
    assert found == [f"{host}:443" for host in network.hosts()]


async def test_a_scan_accepts_every_name_of_every_protocol_as_a_scheme(closed_port: int) -> None:
    expected = {name: protocol.name for protocol in PROTOCOLS for name in protocol.names}
    hosts = [f"{scheme}://127.0.0.1:{closed_port}/path?x=1" for scheme in expected]
    options = ("--json", "--no-evidence", "--checks", "versions", "--timeout", "10")
    run = await asyncio.to_thread(tlsprobe, "scan", *hosts, *options)
    assert (run.returncode, run.stderr) == (1, "")
    found = [json.loads(line)["target"] for line in run.stdout.splitlines()]
    assert [one["protocol"] for one in found] == list(expected.values())
    assert {one["port"] for one in found} == {closed_port}


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
def test_without_a_port_a_scheme_means_the_protocol_s_own(protocol: ApplicationProtocol) -> None:
    hosts = [NamedHost(text=f"{scheme.upper()}://a.example") for scheme in protocol.names]
    found = {(target.protocol, target.port) for target in targets_of(hosts, None, lambda _: False)}
    assert found == {(protocol.name, protocol.ports[0])}


@pytest.mark.parametrize("host", ["a.example", "192.0.2.1", "[2001:db8::1]", "https://a.example"])
@pytest.mark.parametrize("ports", ["1-1024", "443,8443", "443-", "*", "0-65535", "443 8443"])
def test_no_host_stands_for_several_ports(host: str, ports: str) -> None:
    with pytest.raises(ScanInputError, match=r"has no valid port|is not a valid"):
        keys([f"{host}:{ports}"])


def test_the_user_is_asked_about_more_than_256_addresses() -> None:
    asked: list[int] = []

    def may_probe(addresses: int) -> bool:
        asked.append(addresses)
        return True

    hosts = named_hosts(["192.0.2.0/24", "198.51.100.0/30"], None, io.StringIO())
    assert len(targets_of(hosts, None, may_probe)) == 254 + 2
    assert asked == [MOST_WITHOUT_QUESTION + 4]
    assert len(keys(["192.0.2.0/24"])) == 254


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "options", "refusal"),
    [
        ("n\n", [], "the networks have 512 addresses: add --yes"),
        ("\n", [], "the networks have 512 addresses: add --yes"),
        ("y\n", ["--policy", "none.yml"], "none.yml"),
        ("", ["--yes", "--policy", "none.yml"], "none.yml"),
    ],
)
def test_a_terminal_asks_before_it_probes_many_addresses(
    answer: str, options: list[str], refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", errors)
    assert run_command(["scan", "127.3.0.0/23", *options]) == 2
    assert errors.getvalue().count("Probe 512 addresses? [y/N]") == (1 if answer else 0)
    assert refusal in errors.getvalue().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["10.0.0.0/16", "-"],
            "the networks have 65,536 addresses: add --yes to probe all of them",
        ),
        (["10.0.0.0/15"], "the networks have 131,072 addresses: name smaller ones"),
        (["10.0.0.0/33"], "'10.0.0.0/33' is not a network: use one such as 192.0.2.0/28"),
        (["10.0.0.0/30:1-1024"], "'10.0.0.0/30:1-1024' has no valid port: use a number"),
        (["10.0.0.0/30:99999"], "has no valid port"),
        (["localhost:1-1024"], "'localhost:1-1024' has no valid port"),
        (["-"], "the list names no host: name at least one host to probe"),
    ],
)
def test_hosts_that_cannot_be_used_are_named(arguments: list[str], sentence: str) -> None:
    with pytest.raises(ScanInputError, match=re.escape(sentence)):
        keys(arguments)


def test_a_mistake_in_a_list_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "hosts.txt"
    file.write_text("example.com\nexample.com:x\n")
    with pytest.raises(
        ScanInputError, match=r"hosts\.txt, line 2: 'example\.com:x' has no valid port"
    ):
        keys([], file)
    with pytest.raises(ScanInputError, match="standard input, line 1: "):
        keys(["-"], given_in="a b\n")


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScanInputError, match="no such file or directory: give a readable list"):
        keys([], tmp_path / "absent.txt")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ScanInputError, match="is not UTF-8 text"):
        keys([], binary)
