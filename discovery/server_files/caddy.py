"""Caddy's configuration, a Caddyfile or JSON: every site that it serves with HTTPS.

A named site uses HTTPS unless its address has ``http://`` or port 80; a site without a name only if it has
``https://`` or a ``tls`` directive (Caddy's documentation, "Automatic HTTPS").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from discovery.server_files.source import Declared, split_address
from discovery.source import SourceError

_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|[^\s"`]+|\n')
_HTTP_PORT, _HTTPS_PORT = 80, 443
_PLACEHOLDER: Final = "{$"


def read_caddy(path: Path) -> Iterator[Declared]:
    """All sites with HTTPS; raises SourceError."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        yield from _of_json(text, path)
    else:
        yield from _of_caddyfile(text, path)


def _of_json(text: str, path: Path) -> Iterator[Declared]:
    """Caddy's native JSON format: listeners, and the hosts that routes match."""
    try:
        servers = json.loads(text)["apps"]["http"]["servers"]
        for server in servers.values():
            names = tuple(dict.fromkeys(_hosts(server.get("routes") or ())))
            is_tls = bool(server.get("tls_connection_policies")) or bool(names)
            for listen in server.get("listen") or ():
                found = split_address(str(listen).removeprefix("tcp/"))
                if found is not None and is_tls and found[1] != _HTTP_PORT:
                    address, port = found
                    yield Declared(address=address, port=port, names=names, file=str(path))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{path} is not a Caddy configuration with an http app.") from error


def _hosts(routes: Sequence[Any]) -> Iterator[str]:
    for route in routes:
        for match in route.get("match") or ():
            yield from map(str, match.get("host") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """The addresses before a block, and the first two words of its lines."""

    addresses: tuple[str, ...]
    directives: frozenset[str]

    @property
    def has_tls(self) -> bool:
        """Whether it has a certificate of its own; ``tls internal`` creates one only for names."""
        return any(one.startswith("tls ") and one != "tls internal" for one in self.directives)

    @property
    def certificates(self) -> tuple[Path, ...]:
        """The files of ``tls <certificate> <key>``."""
        return tuple(
            Path(one.removeprefix("tls ")) for one in self.directives if one.startswith("tls /")
        )


def _of_caddyfile(text: str, path: Path) -> Iterator[Declared]:
    for site in _sites(_tokens(text), path):
        names_by_port: dict[int, list[str]] = {}
        for address in site.addresses:
            found = _name_and_port(address, has_tls=site.has_tls)
            if found is not None:
                names_by_port.setdefault(found[1], []).append(found[0])
        for port, names in names_by_port.items():
            yield Declared(
                address="",
                port=port,
                names=tuple(filter(None, names)),
                certificates=site.certificates,
                file=str(path),
            )


def _name_and_port(address: str, *, has_tls: bool) -> tuple[str, int] | None:
    """None if the address is not served with HTTPS."""
    scheme, has_scheme, rest = address.partition("://")
    place = (rest if has_scheme else address).partition("/")[0]
    if _PLACEHOLDER in place or (has_scheme and scheme != "https"):
        return None
    name, _, port_text = place.rpartition(":") if re.search(r":\d+$", place) else (place, "", "")
    port = int(port_text) if port_text else _HTTPS_PORT
    if port == _HTTP_PORT or not (name or has_scheme or has_tls):
        return None
    return name, port


def _tokens(text: str) -> list[str]:
    """Words, braces and line ends, without comments."""
    found: list[str] = []
    for line in text.replace("\\\n", " ").split("\n"):
        for token in _TOKEN.findall(line):
            if token.startswith("#"):
                break
            found.append(token.strip('"`') if token[0] in '"`' else token)
        found.append("\n")
    return found


def _sites(tokens: Sequence[str], path: Path) -> Iterator[_Site]:
    """Top-level blocks except the global options and snippets; a single site needs no braces."""
    depth = 0
    addresses: list[str] = []
    directives: set[str] = set()
    begins_line = True
    for position, word in enumerate(tokens):
        if word == "{":
            depth += 1
        elif word == "}":
            depth -= 1
            if depth < 0:
                raise SourceError(f"{path}: a closing brace has no opening brace.")
            if depth == 0:
                yield from _site(addresses, directives)
                addresses, directives = [], set()
        elif word == "\n":
            if depth == 0 and addresses and not _goes_on(tokens, position):
                rest = [one for one in tokens[position:] if one not in {"\n", "{", "}"}]
                yield from _site(addresses, set(rest))
                return
        elif depth == 0:
            addresses += [one for one in word.split(",") if one]
        elif depth == 1 and begins_line:
            directives.add(" ".join(tokens[position : position + 2]))
        begins_line = word in {"\n", "{"}
    if depth:
        raise SourceError(f"{path}: an opening brace has no closing brace.")


def _goes_on(tokens: Sequence[str], position: int) -> bool:
    """Whether the address list of a block continues on the next line, after a comma."""
    return tokens[position - 1].endswith(",") or tokens[position - 1] in {"{", "}"}


def _site(addresses: Sequence[str], directives: set[str]) -> Iterator[_Site]:
    if addresses and not addresses[0].startswith("("):
        yield _Site(addresses=tuple(addresses), directives=frozenset(directives))
