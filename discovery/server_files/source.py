"""The TLS endpoints that the configuration files of a local web server declare.

There is a parser for each server (nginx, HAProxy, Apache, Caddy). All yield the declared sockets with labels: the
server's own settings for relabelling, and certificates and versions for comparison with what it serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from discovery.bounds import USUAL_MOST_TARGETS
from discovery.declared import declaring, leaves_in
from discovery.found import SourceLocation, meta, targets_at
from discovery.source import SourceError
from model.protocol_version import ProtocolVersion
from model.target import Target, is_ip_address

_ANY_ADDRESS: Final = frozenset({"", "*", "0.0.0.0", "::", "_default_"})  # noqa: S104 (what files say)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One listening socket with TLS; ``names`` are its server names, ``settings`` its own directives.

    ``address`` is empty if it listens on all. ``certificates`` are PEM files and directories of them, empty if the
    file does not specify them; the same applies to ``protocols``.
    """

    address: str
    port: int
    names: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[Path, ...] = ()
    protocols: frozenset[ProtocolVersion] = frozenset()
    file: str = ""


FileReader: TypeAlias = Callable[[Path], Iterable[Declared]]
"""Parses a configuration; raises SourceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """A server's configuration files. Sockets that listen on all addresses are probed at ``host``."""

    reader: FileReader
    kind: str
    paths: Sequence[Path]
    host: str

    def places(self) -> Iterator[SourceLocation]:
        """The locations in all files; raises SourceError."""
        for path in self.paths:
            yield from _read(self, path)


async def read_server_files(
    files: ServerFiles, source: str, most: int = USUAL_MOST_TARGETS
) -> tuple[Target, ...]:
    """The targets in the files.

    Raises:
        SourceError: if a file cannot be read or parsed.
    """
    return await asyncio.to_thread(targets_at, files.places(), source, most)


def _read(files: ServerFiles, path: Path) -> list[SourceLocation]:
    try:
        declared = files.reader(path)
        return [place for one in declared for place in _places(one, files.kind, files.host)]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}.") from error


def _places(one: Declared, kind: str, host: str) -> Iterable[SourceLocation]:
    where = host if one.address in _ANY_ADDRESS else one.address
    own_words = meta(kind, {**one.settings, "file": one.file})
    labels = own_words | declaring(leaves_in(one.certificates) or (), one.protocols)
    names = [name for name in one.names if _is_plain(name)]
    if not names:
        yield SourceLocation(host=where, port=one.port, labels=labels)
    for name in names:
        yield SourceLocation(host=where, port=one.port, server_name=name, labels=labels)


def _is_plain(name: str) -> bool:
    """Whether a client can request it: not a pattern, not a placeholder."""
    return bool(name) and not set(name) & set("*~^$_\"'/") and not is_ip_address(name)


def split_address(text: str, default_port: int | None = None) -> tuple[str, int] | None:
    """``443``, ``*:443``, ``10.0.0.1:443``, ``[::]:443``; None for any other text without ``default_port``."""
    if text.isdigit():
        return "", int(text)
    address, _, port = text.rpartition(":")
    if port.isdigit() and (address.startswith("[") or ":" not in address):
        return address.strip("[]"), int(port)
    return None if default_port is None else (text.strip("[]"), default_port)
