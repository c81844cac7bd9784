"""Pure rules for a request: allowed hosts, cross-site requests, unknown clients, and roles."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import field
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from starlette.datastructures import Headers

from model.frozen import frozen
from service.http.guard.callers import is_loopback
from service.http.guard.principal import Method, Principal
from service.setting_types.roles import Role

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1); TRACE is not served."""

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_SHOWN: Final = 100


@frozen
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


@frozen
class AnonymousAccess:
    """What clients without credentials may do.

    If the service knows credentials, nothing, unless ``may_read``. Otherwise they may read; clients on this
    machine may also change state, if the service listens on loopback.
    """

    knows_credentials: bool = False
    may_read: bool = False
    listens_on_loopback: bool = True
    challenge: str = ""
    """The WWW-Authenticate header that asks for credentials."""

    async def authenticate(
        self, client: str | None, headers: Headers, _certificate: x509.Certificate | None
    ) -> Principal | Refusal:
        """The anonymous client at the address ``client``, or why it is refused."""
        role = self._role(client, headers)
        if role is None:
            return Refusal(
                status=401,
                sentence="this service needs a password, a token or a client certificate: send it",
                headers={"www-authenticate": self.challenge} if self.challenge else {},
            )
        return Principal(name="anonymous", role=role, method=Method.NONE, address=client)

    def _role(self, client: str | None, headers: Headers) -> Role | None:
        if self.knows_credentials:
            return Role.VIEWER if self.may_read else None
        is_local = client is not None and is_loopback(client)
        is_forwarded = any(name in headers for name in _FORWARDED)
        is_owner = self.listens_on_loopback and is_local and not is_forwarded
        return Role.ADMIN if is_owner else Role.VIEWER


Authenticate = Callable[
    [str | None, Headers, x509.Certificate | None], Awaitable[Principal | Refusal]
]
"""Called with a client's address, the headers of its request and its certificate."""


@frozen
class Access:
    """Access rules: the names allowed in the Host header, in lower case, and who a client is.

    If ``is_read_only``, no client changes state. ``headers`` are added to every response.
    """

    hosts: frozenset[str] = frozenset()
    authenticate: Authenticate = AnonymousAccess().authenticate
    is_read_only: bool = False
    challenge: str = ""
    headers: Callable[[], Mapping[str, str]] = dict


def role_refusal(principal: Principal, needed: Role, challenge: str = "") -> Refusal | None:
    """Why ``principal`` may not use a route that needs the role ``needed``; None if it may."""
    if principal.role.includes(needed):
        return None
    if principal.method is Method.NONE:
        if challenge:
            return Refusal(
                status=401,
                sentence=f"this route needs the role {needed}: send a password or token with this role",
                headers={"www-authenticate": challenge},
            )
        return Refusal(
            status=403,
            sentence=f"this route needs the role {needed}, which unknown clients have only on the machine "
            "of a service that listens on loopback, without a proxy: set http.tokens or http.web_config",
        )
    return Refusal(
        status=403,
        sentence=f"{principal.name[:_SHOWN]!r} has the role {principal.role}, and this route needs "
        f"{needed}: change http.roles or the token's role",
    )


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
