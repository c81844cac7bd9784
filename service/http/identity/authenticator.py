"""Finds out who a client is, by the first of these that it has: a proxy's header, Authorization, a certificate."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog
from cryptography import x509
from starlette.datastructures import Headers

from model.frozen import frozen
from service.config.web_config.access import RoleSettings, TrustedProxySettings
from service.http.guard.access import AnonymousAccess, Refusal
from service.http.guard.callers import caller_of
from service.http.guard.principal import Method, Principal
from service.http.guard.turns import BusyError
from service.http.identity.passwords import PasswordChecker
from service.http.tls.client_certificate import alternative_names, subject
from service.setting_types.roles import Role

_LOG = structlog.stdlib.get_logger("tlsprobe")
_LONGEST_NAME: Final = 200


@frozen
class Token:
    """A bearer token with the name and role of its clients."""

    name: str
    role: Role
    secret: bytes


@frozen
class Authenticator:
    """Knows the credentials of the service.

    ``trusts_certificates`` tells whether TLS verifies client certificates, and ``certificates_suffice`` whether
    one that ``roles`` does not list makes its client a viewer.
    """

    roles: RoleSettings
    passwords: PasswordChecker
    anonymous: AnonymousAccess
    tokens: tuple[Token, ...] = ()
    proxy: TrustedProxySettings | None = None
    trusts_certificates: Callable[[], bool] = lambda: False
    certificates_suffice: Callable[[], bool] = lambda: False

    async def authenticate(
        self, client: str | None, headers: Headers, certificate: x509.Certificate | None
    ) -> Principal | Refusal:
        """The client at the address ``client``, or why it is refused."""
        found = self._by_proxy(client, headers)
        if found is None and "authorization" in headers:
            found = await self._by_authorization(client, headers.getlist("authorization"))
        if found is None and certificate is not None and self.trusts_certificates():
            found = self._by_certificate(client, certificate)
        return found or await self.anonymous.authenticate(client, headers, certificate)

    def _by_proxy(self, client: str | None, headers: Headers) -> Principal | Refusal | None:
        if self.proxy is None or client is None or not _is_in(client, self.proxy):
            return None
        names = headers.getlist(self.proxy.user_header)
        if not names:
            return None
        if len(names) > 1 or not 0 < len(names[0]) <= _LONGEST_NAME:
            return Refusal(
                status=400,
                sentence=f"the proxy must send one user in {self.proxy.user_header}: let it replace what "
                "clients send",
            )
        groups = [
            one.strip() for one in ",".join(headers.getlist(self.proxy.groups_header)).split(",")
        ]
        role = _highest(
            (self.roles.users.get(names[0]), *(self.roles.groups.get(group) for group in groups))
        )
        return Principal(name=names[0], role=role, method=Method.PROXY, address=client)

    async def _by_authorization(
        self, client: str | None, shown: list[str]
    ) -> Principal | Refusal | None:
        scheme, _, given = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        found: Principal | Refusal | None = None
        if scheme.lower() == "bearer":
            found = self._by_token(client, given.strip())
        elif scheme.lower() == "basic":
            found = await self._by_password(client, given.strip())
        if found is not None:
            return found
        _LOG.warning("a login failed", scheme=scheme[:20].lower(), client=client)
        return Refusal(
            status=401,
            sentence="the password or token is wrong: send `Authorization: Basic` or `Bearer` with a "
            "right one",
            headers={"www-authenticate": self.anonymous.challenge},
        )

    def _by_token(self, client: str | None, given: str) -> Principal | None:
        found = None
        for token in self.tokens:
            if hmac.compare_digest(given.encode("utf-8", "replace"), token.secret):
                found = token
        if found is None:
            return None
        return Principal(name=found.name, role=found.role, method=Method.TOKEN, address=client)

    async def _by_password(self, client: str | None, given: str) -> Principal | Refusal | None:
        user, separator, password = _decoded(given).partition(":")
        if not separator:
            return None
        try:
            is_right = await self.passwords.is_right(caller_of(client or ""), user, password)
        except BusyError as error:
            return Refusal(status=429, sentence=str(error), headers={"retry-after": "60"})
        if not is_right:
            return None
        role = self.roles.users.get(user, Role.VIEWER)
        return Principal(name=user, role=role, method=Method.PASSWORD, address=client)

    def _by_certificate(
        self, client: str | None, certificate: x509.Certificate
    ) -> Principal | None:
        name = subject(certificate)
        names = (name, *alternative_names(certificate))
        listed = [self.roles.certificates.get(one) for one in names]
        if not any(listed) and not self.certificates_suffice():
            return None
        shown = next((one for one in names if one), "a certificate without a name")
        return Principal(
            name=shown[:_LONGEST_NAME],
            role=_highest(listed),
            method=Method.CERTIFICATE,
            address=client,
        )


def _highest(roles: Iterable[Role | None]) -> Role:
    order = tuple(Role)
    return max((role for role in roles if role is not None), key=order.index, default=Role.VIEWER)


def _is_in(client: str, proxy: TrustedProxySettings) -> bool:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in proxy.addresses)


def _decoded(given: str) -> str:
    """User and password of Basic (RFC 7617), or an empty text."""
    try:
        return base64.b64decode(given, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
