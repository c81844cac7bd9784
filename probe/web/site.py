"""The location of a target's web server, if it has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from model.application_protocol import DEFAULT_PORT, USUAL_HTTPS_PORTS
from model.frozen import frozen

_PROTOCOLS: Final = frozenset({"h2", "http/1.1", "http/1.0"})


@frozen
class WebSite:
    """``host`` is the name in requests. ``is_web`` is the user's statement whether HTTP is spoken, None
    without one; ``http_port`` is the corresponding HTTP port, None if there is none to ask."""

    host: str
    port: int
    is_web: bool | None = None
    http_port: int | None = None

    @classmethod
    def of(cls, host: str, port: int, *, is_web: bool | None, http_port: int | None) -> WebSite:
        """The site of a target."""
        bracketed = f"[{host}]" if ":" in host else host
        return cls(host=bracketed, port=port, is_web=is_web, http_port=http_port)

    @property
    def authority(self) -> str:
        """The host, with its port unless that is the HTTPS default."""
        return self.host if self.port == DEFAULT_PORT else f"{self.host}:{self.port}"

    def is_likely(self, alpn_protocols: Sequence[str]) -> bool:
        """Whether it is a web server, by the user's statement, its port, or the protocol chosen by ALPN."""
        if self.is_web is not None:
            return self.is_web
        return self.port in USUAL_HTTPS_PORTS or not _PROTOCOLS.isdisjoint(alpn_protocols)
