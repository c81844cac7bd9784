"""What the parsers of server configurations yield: listening sockets with TLS, and what they cannot read."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, TypeAlias

from discovery.source import Skipped
from model.application_protocol import DEFAULT_PROTOCOL
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.target import is_ip_address

_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_PLAIN: Final = re.compile(r"(?=.*[^\W_])[^\W][\w-]*(\.[\w-]+)*\.?|_[\w-]+(\.[\w-]+)+\.?")
_LARGEST_PORT: Final = 65_535


@frozen
class Declared:
    """One block of a server's configuration at one socket with TLS.

    ``address`` is empty if it listens on all, ``0.0.0.0`` or ``::`` if on all of one family. ``names`` are its server names as the file has them, with patterns;
    ``is_default`` is whether a client that sends no name, or an unknown one, gets this block. ``settings`` are its
    own directives. ``certificates`` are PEM files, empty if the file does not specify them; the same applies to
    ``protocols``. ``place`` is its file and line.
    """

    address: str
    port: int
    names: tuple[str, ...] = ()
    is_default: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[Path, ...] = ()
    protocols: frozenset[ProtocolVersion] = frozenset()
    protocol: str = DEFAULT_PROTOCOL
    has_proxy_protocol: bool = False
    file: str = ""
    place: str = ""


Entry: TypeAlias = Declared | Skipped


def plain_names(names: Iterable[str]) -> Iterator[str]:
    """The names that a client can request: no patterns, placeholders or addresses.

    ``.example.com`` is nginx' short form of ``example.com *.example.com``.
    """
    for name in names:
        bare = name.removeprefix(".")
        if _PLAIN.fullmatch(bare) and not is_ip_address(bare):
            yield bare


def matches(pattern: str, name: str) -> bool:
    """Whether ``pattern`` may be for ``name``: it is this name, a wildcard that covers it, or an expression."""
    pattern, name = pattern.lower(), name.lower()
    if pattern.startswith("~"):
        return True
    if pattern.startswith("."):
        return name == pattern[1:] or name.endswith(pattern)
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name) is not None


def text_lines(path: Path) -> list[str]:
    """The lines of a file. Servers read bytes, so a comment that is not UTF-8 does not matter.

    ``splitlines`` would also split at form feeds and other characters that end no line for a server.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def why_nothing_matches(pattern: str) -> str | None:
    """Why no file matches: a folder of the pattern cannot be listed; None if there is just no such file."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    try:
        with os.scandir(folder):
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{pattern} is not included, because {folder} cannot be listed ({error.strerror})"


def port_range(text: str) -> range | None:
    """``443`` or ``8000-8009``; None for any other text."""
    found = _PORTS.fullmatch(text)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    return range(first, last + 1) if 1 <= first <= last <= _LARGEST_PORT else None


def split_address(text: str, default_port: int | None = None) -> tuple[str, range] | None:
    """``443``, ``*:443``, ``10.0.0.1:443-445``, ``[::]:443``: the address without brackets, and the ports.

    None for any other text, and without a port if there is no ``default_port``.
    """
    address, _, port_text = text.rpartition(":")
    ports = port_range(port_text)
    if ports is not None and (":" not in address or re.fullmatch(r"\[[^]]*\]", address)):
        return address.strip("[]"), ports
    is_address = bool(text) and (":" not in text or re.fullmatch(r"\[[^]]*\]", text))
    if default_port is None or not is_address:
        return None
    return text.strip("[]"), range(default_port, default_port + 1)
