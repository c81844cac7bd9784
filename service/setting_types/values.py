"""Types of common values with their bounds: times, counts, addresses."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field

_DNS_PORT: Final = 53

Seconds = Annotated[float, Field(gt=0, le=31_536_000, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=100_000)]
TargetCount = Annotated[int, Field(ge=1, le=10_000_000)]
Port = Annotated[int, Field(ge=1, le=65_535)]


def check_web_url(url: str) -> str:
    """Check that ``url`` is one of a web server. Raises ValueError, without the URL: it may have a password."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable or not url.isprintable() or " " in url:
        raise ValueError("the URL must begin with http:// or https:// and a host")
    return url


def split_listen(text: str) -> tuple[str, int]:
    """Parse host and port of ``127.0.0.1:9844`` or ``[::1]:9844``; port 0 takes a free one.

    Raises:
        ValueError: if ``text`` is not such an address; the message describes the format.
    """
    host, separator, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if is_bracketed else host
    is_host = bool(bare) and bare.isprintable() and " " not in bare
    if not separator or not is_host or (":" in bare) != is_bracketed:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:9844 or [::1]:9844")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise ValueError("must end in a port from 0 to 65535, such as 127.0.0.1:9844")
    return bare, int(port)


def split_name_server(text: str) -> tuple[str, int]:
    """Parse address and port of ``10.0.0.53``, ``10.0.0.53:5353`` or ``[2001:db8::53]:53``.

    Raises:
        ValueError: if the address is not an IP address; the message describes the format.
    """
    try:
        return str(ip_address(text)), _DNS_PORT
    except ValueError:
        pass
    try:
        address, port = split_listen(text)
        return str(ip_address(address)), port
    except ValueError:
        raise ValueError(
            f"{text!r} is not a name server: use an IP address, such as 10.0.0.53 or [::1]:53"
        ) from None
