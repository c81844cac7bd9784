"""Configuration files as people keep them, with the targets that their servers' documentation says they serve.

Each data file has configurations of one server. A line ``=>`` is a target, with the certificate and versions that
are declared and whether connections begin with the PROXY protocol; ``!!`` is part of what is skipped; ``??`` is a
port with TLS that is skipped. ``---`` begins a file. ``@1@`` is a free port, ``@a@`` the files of a certificate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

_HERE = Path(__file__).parent
_PORT = re.compile(r"@(\d)@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One target; ``certificate`` is a name, or empty if none is declared."""

    key: str
    certificate: str = ""
    protocols: str = ""
    has_proxy_protocol: bool = False


@dataclass(slots=True, kw_only=True)
class Configuration:
    """One configuration; the first of its files is the main one."""

    name: str
    targets: list[Expected] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    skipped_ports: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def with_values(self, values: Mapping[str, str]) -> tuple[Configuration, Sequence[int]]:
        """The configuration with free ports and these values in its place holders; and its ports."""
        numbers = {number for text in self.files.values() for number in _PORT.findall(text)}
        ports = {number: free_port() for number in sorted(numbers)}
        known = {**values, **{number: str(port) for number, port in ports.items()}}

        def filled(text: str) -> str:
            for name, value in known.items():
                text = text.replace(f"@{name}@", value)
            return text

        return (
            Configuration(
                name=self.name,
                targets=[
                    Expected(
                        key=filled(one.key),
                        certificate=one.certificate,
                        protocols=one.protocols,
                        has_proxy_protocol=one.has_proxy_protocol,
                    )
                    for one in self.targets
                ],
                skipped=list(map(filled, self.skipped)),
                skipped_ports=list(map(filled, self.skipped_ports)),
                files={name: filled(text) for name, text in self.files.items()},
            ),
            list(ports.values()),
        )


def configurations(server: str) -> list[Configuration]:
    """The configurations of one server, from its data file."""
    found: list[Configuration] = []
    name = ""
    for line in (_HERE / f"{server}.txt").read_text().splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "#####":
            found.append(Configuration(name=rest))
        elif mark == "=>":
            found[-1].targets.append(_expected(rest.split()))
        elif mark == "!!":
            found[-1].skipped.append(rest)
        elif mark == "??":
            found[-1].skipped_ports.append(rest)
        elif mark == "---":
            name = rest
            found[-1].files[name] = ""
        else:
            found[-1].files[name] += f"{line}\n"
    return found


def _expected(words: Sequence[str]) -> Expected:
    key, certificate, *others = [*words, ""][: max(2, len(words))]
    return Expected(
        key=key,
        certificate="" if certificate == "-" else certificate,
        protocols=next((word for word in others if word.startswith("TLS")), ""),
        has_proxy_protocol="proxy" in others,
    )
