"""What a script knows of its server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The server's name, as its certificate should have it; an address where it has none."""

    name: str

    @property
    def authority(self) -> str:
        """The name as it stands in a URI (RFC 3986, section 3.2.2)."""
        return f"[{self.name}]" if ":" in self.name else self.name
