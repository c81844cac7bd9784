"""HAProxy's configuration: every ``bind`` with ``ssl``, in all sections that have one (configuration manual, 5.1)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from discovery.server_files.blocks import Declared, Entry, split_address, text_lines
from discovery.server_files.haproxy_bind import (
    CertificateError,
    Options,
    Served,
    by_name,
    served_by,
)
from discovery.server_files.haproxy_words import UnknownVariableError, words_of
from discovery.source import Skipped, SourceError
from model.protocol_version import ProtocolVersion

_KEPT: Final = ("ciphers", "ciphersuites", "ssl-min-ver", "ssl-max-ver", "verify", "ca-file")
_SECTIONS: Final = frozenset(
    [
        "backend",
        "cache",
        "crt-store",
        "defaults",
        "fcgi-app",
        "frontend",
        "global",
        "http-errors",
        "listen",
        "log-forward",
        "log-profile",
        "mailers",
        "peers",
        "program",
        "resolvers",
        "ring",
        "traces",
        "userlist",
    ]
)
_FAMILIES: Final = re.compile(r"(?:(?:ipv4|ipv6|tcp4?|tcp6)@)+")
_IPV6: Final = re.compile(r"(?:ipv6|tcp6)@")
_NOT_TCP: Final = re.compile(
    r"(?:unix|abns|abnsz|fd|sockpair|udp[46]?|quic[46]|uxst|uxdg|rhttp)@|/"
)
_PROXY_RULE: Final = ("tcp-request", "connection", "expect-proxy", "layer4")
_CONDITIONS: Final = frozenset({".if", ".elif", ".else", ".endif"})
_VARIABLES: Final = frozenset({"setenv", "presetenv", "unsetenv"})
_DEPENDENT: Final = frozenset(
    {"crt-base", "default-bind", "disabled", "ssl-default-bind-options", *_VARIABLES}
)
"""The lines that decide what other lines mean."""

_NEED_VARIABLES: Final = _DEPENDENT | {"bind", "stats", "tcp-request"}
_INHERITING: Final = frozenset({"backend", "defaults", "frontend", "listen"})


@dataclass(slots=True)
class _Bind:
    """A ``bind`` line of the current section."""

    address: str
    options: Options
    place: str


@dataclass(slots=True)
class _Section:
    """The current section; its binds are complete when the next one begins."""

    kind: str = ""
    name: str = ""
    binds: list[_Bind] = field(default_factory=list)
    default_bind: Options = field(default_factory=Options)
    expects_proxy: bool = False
    is_disabled: bool = False


def read_haproxy(paths: Sequence[Path]) -> Iterator[Entry]:
    """All sockets with TLS of one HAProxy that reads these files in order; raises SourceError."""
    reader = _Reader()
    for path in paths:
        files = sorted(path.glob("*.cfg")) if path.is_dir() else [path]
        for file in files:
            yield from reader.read(file)
    yield from reader.end_section()


class _Reader:
    """Reads lines in order, as HAProxy does: what ``global`` sets holds for the lines after it."""

    def __init__(self) -> None:
        self._variables = dict(os.environ)
        self._base: Path | None = None
        self._defaults = Options()
        self._section = _Section()
        self._last_defaults = _Section()
        self._named_defaults: dict[str, _Section] = {}
        self._conditions: list[str] = []
        self._file = Path()

    def read(self, file: Path) -> Iterator[Entry]:
        self._file = file
        self._base = self._base or file.parent
        for number, line in enumerate(text_lines(file), start=1):
            place = f"{file}, line {number}"
            try:
                yield from self._line(line, place)
            except ValueError as error:
                raise SourceError(f"{place}: {error}.") from error

    def _line(self, line: str, place: str) -> Iterator[Entry]:
        words = words_of(line, self._variables, unset_is_empty=True)
        try:
            words_of(line, self._variables)
        except UnknownVariableError as unknown:
            if words[0] in _NEED_VARIABLES:
                problem = (
                    f"the variable {unknown} is not set in the file or in tlsprobe's environment"
                )
                yield Skipped(place=place, problem=problem)
                self._forget(words)
                return
        if words:
            yield from self._words(words, place)

    def _forget(self, words: Sequence[str]) -> None:
        """Note that the effect of a line is not known."""
        match words:
            case ["setenv" | "presetenv" | "unsetenv", name, *_]:
                self._variables.pop(name, None)
            case ["ssl-default-bind-options", *_]:
                self._defaults.has_unknown = True
            case ["default-bind", *_]:
                self._section.default_bind.has_unknown = True
            case _:
                return

    def _words(self, words: Sequence[str], place: str) -> Iterator[Entry]:
        first = words[0]
        if first in _CONDITIONS:
            self._condition(words)
        elif first in _SECTIONS:
            yield from self.end_section()
            self._begin_section(words)
        elif self._conditions and first in _DEPENDENT:
            problem = f"{' '.join(words[:2] if first in _VARIABLES else words[:1])} depends on {self._conditions[-1]!r}, which is not evaluated"
            yield Skipped(place=place, problem=problem)
            self._forget(words)
        elif first == "bind" or words[:2] == ["stats", "socket"]:
            yield from self._bind(words[1:] if first == "bind" else words[2:], place)
        elif tuple(words[:4]) == _PROXY_RULE:
            yield from self._expect_proxy(words, place)
        elif first in {"disabled", "enabled"}:
            self._section.is_disabled = first == "disabled"
        elif first == "default-bind":
            self._section.default_bind.take(words[1:])
        elif self._section.kind == "global":
            self._global(words)

    def _expect_proxy(self, words: Sequence[str], place: str) -> Iterator[Skipped]:
        if self._section.kind == "defaults":
            # HAProxy 2.6 accepts the rule there, and does not apply it.
            problem = "expect-proxy in defaults is not read: set the label proxy_protocol by relabelling if your HAProxy applies it"
            yield Skipped(place=place, problem=problem)
            return
        self._section.expects_proxy = True
        if len(words) > 4 or self._conditions:
            problem = "expect-proxy has a condition: all targets of this section get the label proxy_protocol"
            yield Skipped(place=place, problem=problem)

    def _global(self, words: Sequence[str]) -> None:
        match words:
            case ["crt-base", text, *_]:
                self._base = self._file.parent / text
            case ["ssl-default-bind-options", *options]:
                self._defaults.take(options)
            case ["setenv", name, value, *_]:
                self._variables[name] = value
            case ["presetenv", name, value, *_]:
                self._variables.setdefault(name, value)
            case ["unsetenv", *names]:
                for name in names:
                    self._variables.pop(name, None)
            case _:
                return

    def _condition(self, words: Sequence[str]) -> None:
        if words[0] == ".if":
            self._conditions.append(" ".join(words))
        elif words[0] == ".endif":
            self._conditions[-1:] = []
        else:
            self._conditions[-1:] = [" ".join(words)]

    def _bind(self, words: Sequence[str], place: str) -> Iterator[Entry]:
        options = Options()
        options.take(words[1:])
        if "ssl" not in options.flags | self._section.default_bind.flags:
            return
        if self._conditions:
            problem = f"bind {words[0]} depends on {self._conditions[-1]!r}, which is not evaluated: list it in a targets file"
            yield Skipped(place=place, problem=problem)
            return
        self._section.binds.append(_Bind(words[0], options, place))

    def _begin_section(self, words: Sequence[str]) -> None:
        """Begin a section with what it inherits: ``from`` the named defaults, else from the last ones."""
        kind, name = words[0], words[1] if len(words) > 1 else words[0]
        self._section = _Section(kind, name)
        if kind not in _INHERITING:
            return
        named = words[3] if words[2:3] == ["from"] else ""
        inherited = _Section() if kind == "defaults" else self._last_defaults
        inherited = self._named_defaults.get(named, inherited)
        self._section.is_disabled = inherited.is_disabled

    def end_section(self) -> Iterator[Entry]:
        """The binds of the section that ends; none if it is disabled, because HAProxy does not open them."""
        section, self._section = self._section, _Section()
        if section.kind == "defaults":
            self._last_defaults = self._named_defaults[section.name] = section
        for bind in section.binds if not section.is_disabled else ():
            yield from self._sockets(bind, section)

    def _sockets(self, bind: _Bind, section: _Section) -> Iterator[Entry]:
        own, options = bind.options, Options()
        for some in (self._defaults, section.default_bind, own):
            options.values |= some.values
            options.flags |= some.flags
            options.certificates = some.certificates or options.certificates
            options.has_unknown |= some.has_unknown
        has_proxy = section.expects_proxy or "accept-proxy" in options.flags
        pattern = Declared(
            address="",
            port=0,
            settings={"section": section.name, **_said(options)},
            protocols=options.versions(),
            has_proxy_protocol=has_proxy,
            file=str(self._file),
            place=bind.place,
        )
        try:
            served = list(served_by(options, self._base or Path(), bind.place))
        except (CertificateError, OSError) as error:
            problem = f"{error}, so neither names nor certificates are declared"
            yield Skipped(place=bind.place, problem=problem)
            served = []
        for text in bind.address.split(","):
            yield from _at(text, pattern, served, options)


def _at(
    text: str, pattern: Declared, served: Sequence[Served], options: Options
) -> Iterator[Entry]:
    found = _socket(text, options)
    if isinstance(found, str):
        yield Skipped(place=pattern.place, problem=f"bind {text} {found}")
        return
    address, ports = found
    for port in ports:
        for one in _blocks(pattern, served, options):
            yield replace(one, address=address, port=port)


def _socket(text: str, options: Options) -> tuple[str, range] | str:
    """The address and the ports; or why they cannot be probed."""
    if text.startswith("quic"):
        return "is for QUIC, without TLS over TCP"
    if "accept-netscaler-cip" in options.values:
        return "expects NetScaler's Client IP header, which tlsprobe does not send"
    found = None if _NOT_TCP.match(text) else _split(_FAMILIES.sub("", text))
    if found is None:
        return "is not an address and port of TCP: list it in a targets file"
    address, ports = found
    if address in {"", "*"}:
        return ("::" if _IPV6.match(text) else "0.0.0.0"), ports  # noqa: S104 (what files say)
    return ("" if address == "::" and "v6only" not in options.flags else address), ports


def _blocks(pattern: Declared, served: Sequence[Served], options: Options) -> Iterator[Declared]:
    """One block without names for the default certificate, unless it is refused, and one for each other name."""
    is_strict = "strict-sni" in options.flags
    is_list = any(kind == "crt-list" for kind, _ in options.certificates)
    if not is_strict:
        first = next((one for one in served), None)
        yield replace(pattern, certificates=first.files if first else ())
    if not (is_strict or is_list or len(served) > 1):
        return
    names = by_name(served)
    for name, some in names.items():
        yield replace(
            pattern,
            names=(name,),
            is_default=False,
            certificates=tuple(file for one in some for file in one.files),
            protocols=_versions(options, some[0]),
            place=some[0].place,
        )
    for one in served:
        if not names.keys() & {name.lower() for name in one.names}:
            yield replace(pattern, names=one.names, is_default=False, place=one.place)


def _versions(options: Options, served: Served) -> frozenset[ProtocolVersion]:
    both = Options(
        values=options.values | served.options.values, flags=options.flags | served.options.flags
    )
    return both.versions()


def _said(options: Options) -> Mapping[str, str]:
    said = {name: text for name, text in options.values.items() if name in _KEPT}
    certificates = [text for kind, text in options.certificates if kind == "crt"]
    return said | ({"crt": certificates[-1]} if certificates else {})


def _split(text: str) -> tuple[str, range] | None:
    """The last colon is before the port, also of an IPv6 address without brackets."""
    address, colon, port = text.rpartition(":")
    if ":" in address and not address.startswith("["):
        return split_address(f"[{address}]:{port}")
    return split_address(text) if colon else None
