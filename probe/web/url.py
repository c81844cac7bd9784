"""An http or https URL (RFC 3986) that a redirect leads to, in the form in which it is requested."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from model.application_protocol import URL_PORTS
from model.frozen import frozen
from pki.net_guard.deny import normal_name

_STAYS: Final = "!$%&'()*+,/:;=?@~[]"
"""What a path and a query keep as it is, in addition to letters, digits and ``-._``; the rest is percent-encoded.

RFC 3986 has no brackets there, but browsers and Go's net/url leave them as they are written.
"""


@frozen
class Url:
    """``host`` is in DNS form, an IPv6 address in brackets; ``port`` is None for the scheme's own port."""

    scheme: str
    host: str
    port: int | None
    target: str
    """The path and the query (RFC 9112, section 3.2.1), in ASCII."""

    @property
    def authority(self) -> str:
        """The value of Host (RFC 9110, section 7.2)."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def join(self, location: str) -> Url:
        """The URL that ``location`` refers to (RFC 3986, section 5.2), which may be relative.

        Raises:
            ValueError: if it is not an http or https URL with a host.
        """
        return read_url(urljoin(str(self), location))


def read_url(text: str) -> Url:
    """The URL.

    Raises:
        ValueError: if it is not an http or https URL with a host.
    """
    parts = urlsplit(text)
    if parts.scheme not in URL_PORTS or not parts.hostname:
        raise ValueError(f"{text[:200]!r} must be an http:// or https:// URL with a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else normal_name(parts.hostname)
    return Url(
        scheme=parts.scheme,
        host=quote(host, safe="%[]:"),
        port=None if parts.port == URL_PORTS[parts.scheme] else parts.port,
        target=request_target(parts),
    )


def request_target(parts: SplitResult) -> str:
    """The path and the query of a URL as a request names them (RFC 9112, section 3.2.1), in ASCII."""
    query = f"?{parts.query}" if parts.query else ""
    return quote((parts.path or "/") + query, safe=_STAYS)
