"""Caddy's configuration, a Caddyfile or JSON: every site that it serves with HTTPS.

A named site uses HTTPS unless its address has ``http://`` or the port of HTTP; a site without a name only if it has
``https://`` or a ``tls`` directive (Caddy's documentation, "Automatic HTTPS").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from discovery.server_files.blocks import Declared, Entry, matches, port_range
from discovery.server_files.caddy_json import read_json_file, without_network
from discovery.server_files.caddy_words import Node, blocks_of
from discovery.source import Skipped
from model.application_protocol import URL_PORTS
from model.protocol_version import ProtocolVersion
from model.target import is_ip_address

_ALL: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 (what files say)
"""Go listens on both families for either of them."""

_VERSIONS: Final = {"tls1.2": ProtocolVersion.TLSV1_2, "tls1.3": ProtocolVersion.TLSV1_3}
_ADDRESS: Final = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[^]]*\]|[^:/]*)(?::(?P<port>[^/]*))?(?:/.*)?", re.DOTALL
)


@dataclass(slots=True)
class _Options:
    """Caddy's global options that decide which sites have HTTPS, and where."""

    http_port: int = URL_PORTS["http"]
    https_port: int = URL_PORTS["https"]
    is_automatic: bool = True
    bind: tuple[str, ...] = ()
    proxies: list[tuple[str, bool]] = field(default_factory=list)
    """For each ``servers`` option, its listener's address and whether that expects the PROXY protocol."""

    def has_proxy_protocol(self, address: str, port: int) -> bool:
        """As in Caddy, the first option for this listener, or for all, counts."""
        listener = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return next((has for where, has in self.proxies if where in {"", listener}), False)


@dataclass(frozen=True, slots=True)
class _Address:
    """One address of a site that has HTTPS."""

    host: str
    ports: range


def read_caddy(paths: Sequence[Path]) -> Iterator[Entry]:
    """All sites with HTTPS; raises SourceError."""
    for path in paths:
        if path.suffix == ".json":
            yield from read_json_file(path)
        else:
            blocks, skipped = blocks_of(path)
            yield from skipped
            yield from _sites(blocks, path)


def _sites(blocks: Sequence[Node], path: Path) -> Iterator[Entry]:
    options = _Options()
    for block in blocks:
        if not block.words:
            yield from _global(block, options)
        else:
            yield from _Site(block, options, path).entries()


def _global(block: Node, options: _Options) -> Iterator[Skipped]:
    for line in block.children:
        match line.words:
            case ["http_port", text] if text.isdecimal():
                options.http_port = int(text)
            case ["https_port", text] if text.isdecimal():
                options.https_port = int(text)
            case ["auto_https", *words]:
                options.is_automatic = "off" not in words
            case ["default_bind", *words]:
                options.bind = tuple(words)
            case ["servers", *where]:
                wrappers = [
                    one.words[0]
                    for each in line.named("listener_wrappers")
                    for one in each.children
                ]
                options.proxies.append(("".join(where), "proxy_protocol" in wrappers))
            case ["layer4", *_]:
                yield Skipped(
                    place=line.place,
                    problem="layer4 is not read: list its servers in a targets file",
                )
            case _:
                continue


class _Site:
    """One site block."""

    def __init__(self, block: Node, options: _Options, path: Path) -> None:
        self._block = block
        self._options = options
        self._path = path
        self._tls = list(block.named("tls"))

    def entries(self) -> Iterator[Entry]:
        by_port: dict[int, list[str]] = {}
        for text in self._block.words:
            found = self._address(text)
            if isinstance(found, Skipped):
                yield found
            elif found is not None:
                for port in found.ports:
                    by_port.setdefault(port, []).append(found.host)
        if not by_port:
            return
        listened, skipped = self._listened()
        yield from skipped
        if self._is_on_demand and any("" in hosts for hosts in by_port.values()):
            problem = f"{' '.join(self._block.words)} gets certificates on demand: list its names in a targets file"
            yield Skipped(place=self._block.place, problem=problem)
        for port, served in by_port.items():
            hosts = [host for host in served if host or not self._is_on_demand]
            numbers = [host for host in hosts if is_ip_address(host)]
            names = self._names([host for host in hosts if host and host not in numbers])
            for address in listened:
                yield from (self._declared(address or one, port, ()) for one in numbers)
                if names or "" in hosts:
                    yield self._declared(address, port, names, is_default="" in hosts)

    def _address(self, text: str) -> _Address | Skipped | None:
        """None if it is not served with HTTPS."""
        place = self._block.place
        found = _ADDRESS.fullmatch(text)
        if found is None or "{" in text:
            problem = f"the address {text} has a variable that is not set in tlsprobe's environment"
            return Skipped(
                place=place,
                problem=problem
                if found is None or "{$" in text
                else f"the address {text} is not read",
            )
        scheme, host = found["scheme"], found["host"].strip("[]")
        usual = self._options.http_port if scheme == "http" else self._options.https_port
        ports = port_range(found["port"] or str(usual))
        if ports is None:
            return Skipped(place=place, problem=f"the address {text} has no valid port")
        if not self._is_https(scheme, host, ports):
            is_expected = scheme != "http" and self._options.http_port not in ports
            if is_expected and (host or scheme) and not self._options.is_automatic:
                problem = f"{text} has no certificate, for auto_https is off"
                return Skipped(place=place, problem=problem)
            return None
        return _Address(host, ports)

    def _is_https(self, scheme: str | None, host: str, ports: range) -> bool:
        if scheme == "http" or self._options.http_port in ports:
            return False
        if self._has_certificate:
            return True
        return self._options.is_automatic and (bool(host) or scheme == "https")

    @property
    def _has_certificate(self) -> bool:
        """Whether the site has one of its own; ``tls internal`` creates one only for names."""
        return any(line.words[1:] not in ([], ["internal"]) or line.children for line in self._tls)

    @property
    def _is_on_demand(self) -> bool:
        return any(True for line in self._tls for _ in line.named("on_demand"))

    def _names(self, hosts: Sequence[str]) -> tuple[str, ...]:
        """The names; of a wildcard, those that the site's matchers ask for."""
        asked = [name for name in _matched(self._block) if any(matches(one, name) for one in hosts)]
        return tuple(dict.fromkeys((*hosts, *asked)))

    def _listened(self) -> tuple[list[str], list[Skipped]]:
        """The addresses that it listens on; an empty one means all."""
        said = [word for line in self._block.named("bind") for word in line.words[1:]]
        found: list[str] = []
        skipped: list[Skipped] = []
        for word in said or self._options.bind or ("",):
            address = without_network(word).strip("[]")
            if address in _ALL:
                address = ""
            if "/" in address or "{" in address:
                problem = f"bind {word} is not an address of TCP: list it in a targets file"
                skipped.append(Skipped(place=self._block.place, problem=problem))
            else:
                found.append(address)
        return found, skipped

    def _declared(
        self, address: str, port: int, names: tuple[str, ...], *, is_default: bool = True
    ) -> Declared:
        return Declared(
            address=address,
            port=port,
            names=names,
            is_default=is_default,
            certificates=self._certificates(),
            protocols=self._protocols(),
            has_proxy_protocol=self._options.has_proxy_protocol(address, port),
            file=str(self._path),
            place=self._block.place,
        )

    def _certificates(self) -> tuple[Path, ...]:
        """The files of ``tls <certificate> <key>``, relative to the directory in which Caddy usually runs."""
        return tuple(
            self._path.parent / line.words[1] for line in self._tls if len(line.words) == 3
        )

    def _protocols(self) -> frozenset[ProtocolVersion]:
        """``protocols <min> [<max>]`` in ``tls``; empty without it."""
        for line in self._tls:
            for said in line.named("protocols"):
                least, greatest = _bounds(said.words[1:], _VERSIONS)
                return frozenset(one for one in _VERSIONS.values() if least <= one <= greatest)
        return frozenset()


def _bounds(
    words: Sequence[str], versions: Mapping[str, ProtocolVersion]
) -> tuple[ProtocolVersion, ProtocolVersion]:
    least = versions.get(words[0], ProtocolVersion.TLSV1_2) if words else ProtocolVersion.TLSV1_2
    greatest = (
        versions.get(words[1], ProtocolVersion.TLSV1_3)
        if len(words) > 1
        else ProtocolVersion.TLSV1_3
    )
    return least, greatest


def _matched(block: Node) -> Iterator[str]:
    """The names in ``@x host a b``, and in ``@x { host a b }``, at any depth."""
    for line in block.children:
        words = line.words[1:] if line.words[0].startswith("@") else line.words
        if words[:1] == ["host"]:
            yield from words[1:]
        yield from _matched(line)
