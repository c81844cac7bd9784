"""Apache httpd's configuration with its includes: every virtual host with TLS, and the main server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from discovery.server_files.apache_words import Line, Lines
from discovery.server_files.blocks import Declared, Entry, port_range, split_address
from discovery.source import Skipped
from model.application_protocol import DEFAULT_PORT
from model.protocol_version import ProtocolVersion

_KEPT: Final = ("sslprotocol", "sslciphersuite", "sslcertificatefile", "sslverifyclient")
_ENGINES: Final = frozenset({"sslengine", "gnutlsenable", "nssengine"})
_VERSION_COMMANDS: Final = frozenset({"protocol", "minprotocol", "maxprotocol"})
_ANY: Final = frozenset({"", "*", "_default_", "::"})
"""All addresses of both families: httpd's sockets for IPv6 accept IPv4 too (--enable-v4-mapped)."""

_VERSIONS: Final = {
    "tlsv1": ProtocolVersion.TLSV1_0,
    "tlsv1.1": ProtocolVersion.TLSV1_1,
    "tlsv1.2": ProtocolVersion.TLSV1_2,
    "tlsv1.3": ProtocolVersion.TLSV1_3,
}


@dataclass(slots=True)
class _Host:
    """A virtual host during parsing; the main server has no addresses. None: the main server's value holds."""

    places: tuple[str, ...] = ()
    place: str = ""
    names: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    certificates: list[Path] = field(default_factory=list)
    engine: str | None = None
    proxy_protocol: str | None = None
    has_version_command: bool = False

    def inherit(self, main: _Host) -> None:
        self.settings = {**main.settings, **self.settings}
        self.certificates = self.certificates or main.certificates
        self.engine = self.engine or main.engine
        self.proxy_protocol = self.proxy_protocol or main.proxy_protocol
        self.has_version_command |= main.has_version_command

    def is_tls(self, listened: _Listen | None) -> bool:
        """With certificates and without SSLEngine, the protocol of ``Listen`` decides (mod_ssl, ssl_init_Module)."""
        if self.engine is not None:
            return self.engine == "on"
        return bool(self.certificates) and listened is not None and listened.is_https


@dataclass(frozen=True, slots=True)
class _Listen:
    """One ``Listen``; ``address`` is empty for all."""

    address: str
    port: int
    is_https: bool


def read_apache(paths: Sequence[Path]) -> Iterator[Entry]:
    """All virtual hosts with TLS, and the main server; raises SourceError."""
    for path in paths:
        yield from _Configuration(path).entries()


class _Configuration:
    """One httpd: its sockets, its main server and its virtual hosts in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._main = _Host(place=str(path))
        self._hosts: list[_Host] = []
        self._listened: list[_Listen] = []
        self._skipped: list[Skipped] = []

    def entries(self) -> Iterator[Entry]:
        self._read()
        yield from self._skipped
        for host in self._hosts:
            host.inherit(self._main)
        defaults: set[str] = set()
        taken: set[tuple[str, int]] = set()
        for host in self._hosts:
            for text in host.places:
                shared = text.lower().replace("_default_", "*")
                is_default = shared not in defaults
                defaults.add(shared)
                for entry in self._at(text, host):
                    if isinstance(entry, _Listen):
                        taken.add((entry.address, entry.port))
                        if host.is_tls(entry):
                            yield self._declared(host, entry, is_default=is_default)
                    else:
                        yield entry
        for listened in self._listened:
            is_free = (listened.address, listened.port) not in taken
            if is_free and self._main.is_tls(listened):
                yield self._declared(self._main, listened, is_default=True)

    def _read(self) -> None:
        lines = Lines(self._path)
        current, depth = self._main, 0
        for line in lines:
            if line.name == "<virtualhost":
                current = _Host(places=line.arguments, place=line.place)
                self._hosts.append(current)
            elif line.name == "</virtualhost":
                current = self._main
            elif line.name.startswith("<"):
                depth += -1 if line.name.startswith("</") else 1
            elif line.name == "listen" and line.arguments:
                self._listen(line)
            elif depth <= 0:
                self._take(current, line, lines.root)
        self._skipped += lines.skipped

    def _listen(self, line: Line) -> None:
        found = split_address(line.arguments[0])
        if found is None:
            problem = f"Listen {line.arguments[0]} is not an address and port"
            self._skipped.append(Skipped(place=line.place, problem=problem))
            return
        address = "" if found[0] in _ANY else found[0]
        options = [word.lower() for word in line.arguments[1:] if "=" not in word]
        for port in found[1]:
            is_https = "https" in options or (not options and port == DEFAULT_PORT)
            self._listened.append(_Listen(address, port, is_https))

    def _take(self, host: _Host, line: Line, root: Path) -> None:
        name, arguments = line.name, line.arguments
        if name in {"servername", "serveralias"}:
            host.names += [one.rpartition("://")[2].partition(":")[0] for one in arguments]
        elif name in _ENGINES and arguments:
            host.engine = arguments[0].lower()
            if host.engine == "optional":
                problem = "SSLEngine optional upgrades HTTP to TLS (RFC 2817), which is not probed"
                self._skipped.append(Skipped(place=line.place, problem=problem))
        elif name == "remoteipproxyprotocol" and arguments:
            host.proxy_protocol = arguments[0].lower()
        elif name in {"tlsengine", "remoteipproxyprotocolexceptions"}:
            problem = f"{name} {' '.join(arguments)} is not read"
            self._skipped.append(Skipped(place=line.place, problem=problem))
        elif name == "sslopensslconfcmd" and arguments:
            host.has_version_command |= arguments[0].lower() in _VERSION_COMMANDS
        elif name in _KEPT:
            host.settings[name] = " ".join(arguments)
            if name == "sslcertificatefile" and arguments:
                host.certificates.append(root / arguments[0])

    def _at(self, text: str, host: _Host) -> Iterator[_Listen | Skipped]:
        """The sockets of one address of a virtual host; those of ``Listen``, if the files have any."""
        found = _split(text)
        if found is None:
            problem = f"<VirtualHost {text}> is not an address and port"
            yield Skipped(place=host.place, problem=problem)
            return
        address, ports = "" if found[0] in _ANY else found[0], found[1]
        if not self._listened:
            yield from (
                _Listen(address, port, port == DEFAULT_PORT) for port in ports or (DEFAULT_PORT,)
            )
            return
        fitting = [
            one
            for one in self._listened
            if (ports is None or one.port in ports)
            and (not address or _accepts(one.address, address) or not _is_number(address))
        ]
        for one in fitting:
            yield _Listen(address or one.address, one.port, one.is_https)
        if not fitting and host.is_tls(None):
            yield Skipped(
                place=host.place,
                problem=f"no Listen has the address and port of <VirtualHost {text}>",
            )

    def _declared(self, host: _Host, at: _Listen, *, is_default: bool) -> Declared:
        words = "" if host.has_version_command else host.settings.get("sslprotocol", "")
        return Declared(
            address=at.address,
            port=at.port,
            names=tuple(host.names),
            is_default=is_default,
            settings=host.settings,
            certificates=tuple(host.certificates),
            protocols=_protocols(words),
            has_proxy_protocol=host.proxy_protocol == "on",
            file=str(self._path),
            place=host.place,
        )


def _accepts(listened: str, address: str) -> bool:
    """Whether a socket on ``listened`` gets the connections to ``address``."""
    is_all_ipv4 = listened == "0.0.0.0" and ":" not in address  # noqa: S104 (what files say)
    return not listened or listened == address or is_all_ipv4


def _is_number(address: str) -> bool:
    return ":" in address or address.replace(".", "").isdigit()


def _split(text: str) -> tuple[str, range | None] | None:
    """The address and port of a virtual host; without a port, or with ``*``, it is for all."""
    address, colon, port = text.rpartition(":")
    if colon and port == "*":
        return address.strip("[]"), None
    found = split_address(text)
    if found is not None:
        return found if port_range(text) is None else None
    return (text.strip("[]"), None) if ":" not in text or text.endswith("]") else None


def _protocols(words: str) -> frozenset[ProtocolVersion]:
    """``SSLProtocol``: + adds versions, - removes them, a word without a sign replaces all; "all" is TLS 1.0 to 1.3."""
    found: set[ProtocolVersion] = set()
    for word in words.lower().split():
        name = word.lstrip("+-")
        versions = set(_VERSIONS.values()) if name == "all" else {_VERSIONS.get(name)}
        named = {version for version in versions if version is not None}
        if word.startswith("-"):
            found -= named
        else:
            found = found | named if word.startswith("+") else named
    return frozenset(found)
