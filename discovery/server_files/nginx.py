"""nginx' configuration with its includes: every socket with TLS in ``http``, ``stream`` and ``mail``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from discovery.server_files.blocks import Declared, Entry, split_address
from discovery.server_files.nginx_words import Directive, Directives
from discovery.source import Skipped
from model.application_protocol import DEFAULT_PROTOCOL
from model.protocol_version import ProtocolVersion

_CERTIFICATE: Final = "ssl_certificate"
_BY_LUA: Final = "ssl_certificate_by_lua"
_KEPT: Final = ("ssl_protocols", "ssl_ciphers", _CERTIFICATE, "ssl_verify_client")
_SWITCHES: Final = (
    "ssl",
    "ssl_reject_handshake",
    "ssl_preread",
    "ssl_conf_command",
    "starttls",
    "protocol",
)
_NOT_FILES: Final = ("data:", "store:", "engine:")
_DEFAULT_PORT: Final = 80
"""The port of a ``listen`` without one."""

_ALL_IPV4, _ALL_IPV6 = "0.0.0.0", "::"  # noqa: S104 (what files say)

_PROTOCOLS: Final = {
    "SSLv2": ProtocolVersion.SSLV2,
    "SSLv3": ProtocolVersion.SSLV3,
    "TLSv1": ProtocolVersion.TLSV1_0,
    "TLSv1.1": ProtocolVersion.TLSV1_1,
    "TLSv1.2": ProtocolVersion.TLSV1_2,
    "TLSv1.3": ProtocolVersion.TLSV1_3,
}
_MAIL_BY_PORT: Final = {143: "imap", 993: "imap", 110: "pop3", 995: "pop3"}
"""The protocol of a mail server without ``protocol``; SMTP at other ports."""


@dataclass(frozen=True, slots=True)
class _Server:
    """One ``server`` block with what it inherits."""

    module: str
    names: tuple[str, ...]
    settings: Mapping[str, str]
    switches: Mapping[str, str]

    @property
    def takes_part(self) -> bool:
        """Whether it finishes a handshake."""
        return self.switches.get("ssl_reject_handshake") != "on"

    def protocol(self, port: int) -> str:
        """The protocol that is spoken before TLS; ``tls`` if none is."""
        if self.module != "mail" or self.switches.get("starttls") not in {"on", "only"}:
            return DEFAULT_PROTOCOL
        named = self.switches.get("protocol") or _MAIL_BY_PORT.get(port, "smtp")
        return "submission" if (named, port) == ("smtp", 587) else named


@dataclass(slots=True)
class _Socket:
    """One address and port. What one ``listen`` says of the socket applies to all blocks that share it."""

    servers: list[tuple[_Server, str]] = field(default_factory=list)
    default: _Server | None = None
    options: set[str] = field(default_factory=set)

    def add(self, server: _Server, options: Sequence[str], place: str) -> None:
        if not self.has(server):
            self.servers.append((server, place))
        self.options.update(options)
        if self.default is None or {"default_server", "default"} & set(options):
            self.default = server

    def has(self, server: _Server) -> bool:
        """Whether the server listens here."""
        return any(server is one for one, _ in self.servers)

    def is_tls(self, port: int) -> bool:
        first = self.default
        if first is None:
            return False
        is_on = first.switches.get("ssl") == "on"
        return "ssl" in self.options or is_on or first.protocol(port) != DEFAULT_PROTOCOL


Sockets: TypeAlias = dict[tuple[str, int], _Socket]


def read_nginx(paths: Sequence[Path]) -> Iterator[Entry]:
    """All sockets with TLS; raises SourceError."""
    for path in paths:
        directives = Directives(path)
        for block in directives:
            if block["directive"] in {"http", "stream", "mail"}:
                yield from _module(block, path)
        yield from directives.skipped


def _module(module: Directive, path: Path) -> Iterator[Entry]:
    sockets: Sockets = {}
    directives = module.get("block", ())
    inherited = _settings(directives, _KEPT), _settings(directives, _SWITCHES)
    module_names = _names(directives)
    for one in directives:
        if one["directive"] == "server" and "block" in one:
            server = _Server(
                module=module["directive"],
                names=_names(one["block"]) or module_names,
                settings={**inherited[0], **_settings(one["block"], _KEPT)},
                switches={**inherited[1], **_settings(one["block"], _SWITCHES)},
            )
            yield from _listen(server, one["block"], sockets)
    for (address, port), socket in sockets.items():
        if socket.is_tls(port):
            for server, place in socket.servers:
                family = _family(server, address, port, sockets)
                if server.takes_part and family is not None:
                    yield from _declared(server, place, (family, port), socket, path)


def _listen(
    server: _Server, directives: Sequence[Directive], sockets: Sockets
) -> Iterator[Skipped]:
    """Add the server to its sockets; yields those that carry TLS and cannot be probed."""
    listening = [one for one in directives if one["directive"] == "listen" and one["args"]]
    over_tcp = {one["args"][0] for one in listening if "quic" not in one["args"]}
    for one in listening:
        arguments = one["args"]
        place, text = f"{one['file']}, line {one['line']}", arguments[0]
        if "quic" in arguments:
            if text not in over_tcp:
                problem = f"listen {text} is for QUIC only, without TLS over TCP"
                yield Skipped(place=place, problem=problem)
            continue
        found = None if text.startswith("unix:") else split_address(text, _DEFAULT_PORT)
        if server.module == "stream" and server.switches.get("ssl_preread") == "on":
            problem = f"listen {text} passes TLS on by server name (ssl_preread): list the names in a targets file"
            yield Skipped(place=place, problem=problem)
        elif found is None:
            if "ssl" in arguments or server.switches.get("ssl") == "on":
                problem = f"listen {text} has no address and port: list it in a targets file"
                yield Skipped(place=place, problem=problem)
        else:
            address = _ALL_IPV4 if found[0] in {"", "*"} else found[0]
            if address == _ALL_IPV6 and "ipv6only=off" in arguments:
                address = ""
            for port in found[1]:
                socket = sockets.setdefault((address, port), _Socket())
                socket.add(server, arguments[1:], place)


def _family(server: _Server, address: str, port: int, sockets: Sockets) -> str | None:
    """The address; empty if the server has a socket for each family, and then None for the second one."""
    pair = {_ALL_IPV4: _ALL_IPV6, _ALL_IPV6: _ALL_IPV4}.get(address)
    other = None if pair is None else sockets.get((pair, port))
    if other is None or not other.has(server) or not other.is_tls(port):
        return address
    return "" if address == _ALL_IPV4 else None


def _declared(
    server: _Server, place: str, at: tuple[str, int], socket: _Socket, path: Path
) -> Iterator[Entry]:
    certificates, unknown = _certificates(server.settings, path.parent)
    if unknown is not None:
        yield Skipped(place=place, problem=unknown)
    protocols = _versions(server)
    if socket.default is not None and protocols != _versions(socket.default):
        # OpenSSL chooses the version before nginx knows the server name.
        problem = "ssl_protocols differs from the default server's, which may apply instead, so no versions are declared"
        yield Skipped(place=place, problem=problem)
        protocols = frozenset()
    yield Declared(
        address=at[0],
        port=at[1],
        names=() if server.module == "mail" else server.names,
        is_default=server is socket.default,
        settings=server.settings,
        certificates=certificates,
        protocols=protocols,
        protocol=server.protocol(at[1]),
        has_proxy_protocol="proxy_protocol" in socket.options,
        file=str(path),
        place=place,
    )


def _versions(server: _Server) -> frozenset[ProtocolVersion]:
    """The versions of ``ssl_protocols``; unknown where a command to OpenSSL sets others."""
    if "Protocol" in server.switches.get("ssl_conf_command", ""):
        return frozenset()
    words = server.settings.get("ssl_protocols", "").split()
    return frozenset(_PROTOCOLS[word] for word in words if word in _PROTOCOLS)


def _names(directives: Sequence[Directive]) -> tuple[str, ...]:
    return tuple(
        name for one in directives if one["directive"] == "server_name" for name in one["args"]
    )


def _settings(directives: Sequence[Directive], names: Sequence[str]) -> dict[str, str]:
    """The arguments of each directive; there is one certificate directive for each key type."""
    said: dict[str, str] = {}
    for one in directives:
        name, words = one["directive"], " ".join(one["args"])
        if name.startswith(_BY_LUA):
            name, words = _CERTIFICATE, f"${_BY_LUA}"
        if name == _CERTIFICATE and name in said:
            said[name] += f" {words}"
        elif name in names:
            said[name] = words
    return said


def _certificates(
    settings: Mapping[str, str], directory: Path
) -> tuple[tuple[Path, ...], str | None]:
    """Absolute paths, relative to the main file's directory; or why they are unknown."""
    words = settings.get(_CERTIFICATE, "").split()
    for word in words:
        if "$" in word or word.startswith(_NOT_FILES):
            return (), f"{_CERTIFICATE} {word} is not a file, so no certificate is declared"
    return tuple(directory / word for word in words), None
