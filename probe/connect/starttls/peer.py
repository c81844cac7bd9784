"""What a script knows of its server."""

from __future__ import annotations

from model.frozen import frozen


@frozen
class Peer:
    """The server's name, as in its certificate; an address if it has no name."""

    name: str

    @property
    def authority(self) -> str:
        """The name in the form for a URI (RFC 3986, section 3.2.2)."""
        return f"[{self.name}]" if ":" in self.name else self.name
