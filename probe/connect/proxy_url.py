"""Reads a proxy from text, such as ``socks5://ops@proxy.example:1080``."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from probe.connect.route import Proxy, ProxyKind

_PORTS: Final = {ProxyKind.HTTP: 3128, ProxyKind.SOCKS5: 1080}
_EXAMPLE: Final = "use http://host:3128 or socks5://host:1080"


def parse_proxy(text: str, password: str | None = None) -> Proxy:
    """The proxy; ``text`` contains the user but never the ``password``.

    Raises:
        ValueError: if the text names no proxy; the message is a clause without the text.
    """
    try:
        parts = urlsplit(text)
        kind, port = ProxyKind(parts.scheme.lower()), parts.port
    except ValueError:
        raise ValueError(f"is not a valid proxy: {_EXAMPLE}") from None
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"is not a valid proxy: {_EXAMPLE}")
    if parts.password is not None:
        raise ValueError(
            "contains a password: set it in the environment, where no one else sees it"
        )
    user = None if parts.username is None else unquote(parts.username)
    if user is None and password is not None:
        raise ValueError("has a password but no user: put user@ before the host")
    for part in (user, password):
        if part is not None and (len(part.encode()) > 255 or ":" in (user or "")):
            raise ValueError(
                "has an invalid user or password: use at most 255 bytes for each, and no colon in the user"
            )
    return Proxy(
        kind=kind,
        host=parts.hostname,
        port=port or _PORTS[kind],
        credentials=None if user is None else (user, password or ""),
    )
