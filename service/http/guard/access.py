"""Pure rules for a request's headers: allowed hosts, cross-site requests, and who may change state."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from service.http.guard.callers import is_loopback

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1); TRACE is not served."""

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A response that replaces the requested one; ``sentence`` says why and what to do."""

    status: int
    sentence: str
    headers: dict[str, str] = field(default_factory=dict)


def host_refusal(hosts: list[str], allowed: Collection[str]) -> Refusal | None:
    """Why a request with these Host fields is refused; None if it is allowed.

    A page of another site can point its own name at our address (DNS rebinding) and then read every
    response; but it cannot choose the Host header that a browser sends. Browsers always send one, so a
    request without any (HTTP/1.0) is allowed.
    """
    if not hosts:
        return None
    match = _AUTHORITY.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if match is None:
        return Refusal(status=400, sentence="the Host header must be one HOST or HOST:PORT")
    name = match[1].lower().rstrip(".")
    if name == "localhost" or name in allowed or _is_address(name):
        return None
    return Refusal(
        status=421,
        sentence=f"the host {name[:_SHOWN]!r} is not allowed: add it to http.allowed_hosts, or use the IP address",
    )


def cross_site_refusal(headers: Headers) -> Refusal | None:
    """Why a request is refused that another site may have made a browser send; None if it is allowed.

    The decision uses the Origin header (RFC 6454 section 7) and Sec-Fetch-Site (W3C Fetch Metadata);
    programs other than browsers send neither.
    """
    site = headers.get("sec-fetch-site", "none").lower()
    if site not in {"same-origin", "none"}:
        return Refusal(
            status=403,
            sentence="pages of other sites cannot use this route (Sec-Fetch-Site): request it directly",
        )
    for origin in headers.getlist("origin"):
        if not _is_own(origin, headers.get("host", "")):
            return Refusal(
                status=403,
                sentence=f"the Origin {origin[:_SHOWN]!r} is another site: request this route directly",
            )
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAccess:
    """Who may use routes that change state.

    If there is a ``token``, clients must send it. Without a token, ``auto`` allows clients on this machine,
    and only if the service listens on loopback.
    """

    mode: Literal["auto", "off", "open"] = "auto"
    token: str | None = field(default=None, repr=False)
    listens_on_loopback: bool = True

    def refusal(self, client: str | None, headers: Headers) -> Refusal | None:
        """Why the client at the address ``client`` may not change state; None if it may."""
        if self.mode == "open":
            return None
        if self.mode == "off":
            return Refusal(
                status=403,
                sentence="routes that change state are off: set http.admin_token_file, not http.admin: off",
            )
        if self.token is not None:
            return self._token_refusal(headers.getlist("authorization"))
        if not self.listens_on_loopback or client is None or not is_loopback(client):
            return Refusal(
                status=403,
                sentence="without a token, only clients on the machine of a service that listens on "
                "loopback may change state: set http.admin_token_file",
            )
        if any(name in headers for name in _FORWARDED):
            return Refusal(
                status=403,
                sentence="a proxy forwarded this request, and who sent it is not known: set "
                "http.admin_token_file to let it change state",
            )
        return None

    def _token_refusal(self, shown: list[str]) -> Refusal | None:
        scheme, _, given = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        wanted = (self.token or "").encode()
        is_right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), wanted)
        if scheme.lower() == "bearer" and wanted and is_right:
            return None
        return Refusal(
            status=401,
            sentence="this route needs the admin token: send `Authorization: Bearer TOKEN`",
            headers={"www-authenticate": 'Bearer realm="tlsprobe"'},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Access rules: the names allowed in the Host header, in lower case, and who may change state."""

    hosts: frozenset[str] = frozenset()
    admin: AdminAccess = field(default_factory=AdminAccess)


def _is_own(origin: str, host: str) -> bool:
    """Whether the origin is the requested host; the scheme may differ, because a proxy may add TLS."""
    try:
        split = urlsplit(origin)
    except ValueError:
        return False
    is_origin = split.scheme in {"http", "https"} and not (split.path or split.query)
    return is_origin and bool(host) and split.netloc.lower() == host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
