"""What a script knows of its server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The server's name, as its certificate should have it; an address where it has none."""

    name: str
