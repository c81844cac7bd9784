"""The targets of a scan: what the user names as arguments, in a file or on standard input.

A list has one target a line; empty lines and comments, which begin with a ``#``, do not count. A network such as ``192.0.2.0/24`` or
``192.0.2.0/24:8443`` stands for all of its addresses.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from discovery.targets import TargetError, parse_target
from model.frozen import frozen
from model.target import Target
from pki.net_guard.addresses import Network
from service.scan.request import ScanInputError

STANDARD_INPUT: Final = "-"
MOST_WITHOUT_QUESTION: Final = 256
"""The addresses of networks that are probed without a question."""
MOST_ADDRESSES: Final = 65_536
_NETWORK: Final = re.compile(r"\[?(?P<network>[0-9A-Fa-f:.]+/[0-9]{1,3})(?:\]?(?P<port>:.*))?\]?")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


@frozen
class NamedHost:
    """What the user wrote, and where: ``place`` is the file and line, empty for an argument."""

    text: str
    place: str = ""


def named_hosts(
    arguments: Sequence[str], file: Path | None, standard_input: TextIO
) -> list[NamedHost]:
    """All hosts in the order of the arguments, then those of ``file``; ``-`` is standard input in both.

    Raises:
        ScanInputError: if the file cannot be read, or no host is named at all.
    """
    hosts: list[NamedHost] = []
    for argument in arguments:
        if argument == STANDARD_INPUT:
            hosts += _listed(standard_input, "standard input")
        else:
            hosts.append(NamedHost(text=argument))
    if file is not None:
        is_input = str(file) == STANDARD_INPUT
        lines = standard_input if is_input else _lines_of(file)
        hosts += _listed(lines, "standard input" if is_input else str(file))
    if not hosts:
        where = "the list names no host" if arguments or file else "HOST[:PORT] is missing"
        raise ScanInputError(f"{where}: name at least one host to probe")
    return hosts


def targets_of(
    hosts: Iterable[NamedHost], server_name: str | None, may_probe: Callable[[int], bool]
) -> tuple[Target, ...]:
    """The targets; ``may_probe`` is asked about the number of addresses if networks have many.

    Raises:
        ScanInputError: for the first host that cannot be used, or networks that may not be probed.
    """
    parsed = [_parsed(host, server_name) for host in hosts]
    addresses = sum(one.size for one in parsed if isinstance(one, _Range))
    if addresses > MOST_ADDRESSES:
        raise ScanInputError(
            f"the networks have {addresses:,} addresses: name smaller ones, of at most "
            f"{MOST_ADDRESSES:,} addresses in total, or let `tlsprobe serve` probe them (networks:)"
        )
    if addresses > MOST_WITHOUT_QUESTION and not may_probe(addresses):
        raise ScanInputError(
            f"the networks have {addresses:,} addresses: add --yes to probe all of them"
        )
    return tuple(
        target
        for one in parsed
        for target in (one.targets(server_name) if isinstance(one, _Range) else (one,))
    )


@dataclass(frozen=True, slots=True)
class _Range:
    """The addresses of a network, at one port; ``port`` begins with its colon, or is empty."""

    network: Network
    port: str

    @property
    def size(self) -> int:
        return self.network.num_addresses

    def targets(self, server_name: str | None) -> Iterator[Target]:
        for address in self.network.hosts():
            text = f"[{address}]" if address.version == 6 else str(address)
            yield parse_target(f"{text}{self.port}", server_name=server_name)


def _parsed(host: NamedHost, server_name: str | None) -> Target | _Range:
    try:
        return _network(host.text) or parse_target(host.text, server_name=server_name)
    except TargetError as error:
        raise ScanInputError(f"{host.place}: {error}" if host.place else str(error)) from error


def _network(text: str) -> _Range | None:
    """The network that ``text`` names, if it is one.

    Raises:
        TargetError: if it looks like a network, and its prefix or port is invalid.
    """
    match = _NETWORK.fullmatch(text)
    if match is None:
        return None
    port = match["port"] or ""
    try:
        network = ipaddress.ip_network(match["network"], strict=False)
    except ValueError:
        raise TargetError(text, "is not a network", "use one such as 192.0.2.0/28") from None
    try:
        parse_target(f"localhost{port}")
    except TargetError as error:
        raise TargetError(text, "has no valid port", error.fix) from error
    return _Range(network, port)


def _lines_of(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise ScanInputError(f"{file}: {reason}: give a readable list of hosts") from error
    except UnicodeDecodeError as error:
        raise ScanInputError(
            f"{file} is not UTF-8 text: give a list with one host a line"
        ) from error


def _listed(lines: Iterable[str], name: str) -> Iterator[NamedHost]:
    for number, line in enumerate(lines, start=1):
        text = _COMMENT.sub("", line).strip()
        if text:
            yield NamedHost(text=text, place=f"{name}, line {number}")
