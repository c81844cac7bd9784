"""A Remediation: the lines that make one kind of server do what a policy asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remediation:
    """Lines of configuration, or commands.

    ``server`` is the kind of server as its makers write it, such as ``nginx``; ``place`` says in a
    few words where ``lines`` go.
    """

    server: str
    place: str
    lines: tuple[str, ...]
