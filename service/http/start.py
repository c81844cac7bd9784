"""The HTTP side at the start: its socket, its TLS, its limits and its access rules, from the settings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from model.frozen import frozen
from service.config.settings import ServiceSettings
from service.http.guard.access import Access, AnonymousAccess
from service.http.guard.callers import is_loopback
from service.http.guard.waiting import ConnectionLimits
from service.http.identity.authenticator import Authenticator, Token
from service.http.identity.passwords import PasswordChecker
from service.http.server import ListenError, listen, url_of
from service.http.tls.live import LiveWebConfig
from service.http.tls.stream import TlsStream
from service.process.limits import http_connections_that_fit
from service.setting_types.roles import Role
from service.setting_types.values import split_listen

_LOG = structlog.stdlib.get_logger("tlsprobe")


@frozen
class HttpSide:
    """The listening ``socket``, the web configuration in force, who has access, and the limits of connections."""

    socket: socket.socket
    web: LiveWebConfig
    access: Access
    limits: ConnectionLimits

    @property
    def url(self) -> str:
        """The URL for a browser on this machine."""
        return url_of(self.socket, "http" if self.web.context is None else "https")

    def new_tls(self) -> TlsStream | None:
        """The TLS of a new connection."""
        context = self.web.context
        return None if context is None else TlsStream(context)


@contextmanager
def http_side(settings: ServiceSettings, now: Callable[[], datetime]) -> Iterator[HttpSide]:
    """The HTTP side, which listens but accepts nothing yet.

    Raises:
        ListenError: if the address cannot be used, or may not be used without authentication.
        ConfigError: if the web configuration is invalid.
    """
    web = LiveWebConfig(settings.http, _own_names(settings), now)
    with listen(settings.listen) as listener:
        address = listener.getsockname()[0]
        knows_credentials = _knows_credentials(settings, web)
        if not (is_loopback(address) or knows_credentials or settings.allow_unauthenticated):
            raise ListenError(
                f"{settings.listen} is not a loopback address, and clients need no password: set "
                "http.web_config or http.tokens, or listen on 127.0.0.1, or permit it with "
                "--allow-unauthenticated"
            )
        if knows_credentials and web.context is None and not is_loopback(address):
            _LOG.warning(
                "passwords and tokens are received without TLS: set http.web_config with a "
                "tls_server_config, or http.self_signed_directory"
            )
        yield HttpSide(
            socket=listener,
            web=web,
            access=_access(settings, web, is_loopback(address), knows_credentials),
            limits=http_limits(settings),
        )


def http_limits(settings: ServiceSettings) -> ConnectionLimits:
    """The configured limits, reduced to the open files that this process may have."""
    http = settings.http
    connections = http_connections_that_fit(http.connections, settings.probe.connections_open)
    return ConnectionLimits(
        connections=connections,
        per_caller=min(http.connections_per_address, connections),
        requests_per_second=http.requests_per_second,
    )


def _access(
    settings: ServiceSettings, web: LiveWebConfig, is_local: bool, knows_credentials: bool
) -> Access:
    """The access rules. The name in ``listen`` is allowed like those in ``http.allowed_hosts``."""
    http = settings.http
    tokens = _tokens(settings)
    has_users = bool(web.config.basic_auth_users)
    schemes = ("Basic", 'charset="UTF-8"') if has_users else (), ("Bearer",) if tokens else ()
    challenge = ", ".join(
        f'{scheme[0]} realm="tlsprobe"' + "".join(f", {more}" for more in scheme[1:])
        for scheme in schemes
        if scheme
    )
    anonymous = AnonymousAccess(
        knows_credentials=knows_credentials,
        may_read=settings.allow_unauthenticated,
        listens_on_loopback=is_local,
        challenge=challenge,
    )
    authenticator = Authenticator(
        roles=http.roles,
        passwords=PasswordChecker(lambda: web.config.basic_auth_users),
        anonymous=anonymous,
        tokens=tokens,
        proxy=http.trusted_proxy,
        trusts_certificates=lambda: web.config.verifies_clients,
        certificates_suffice=lambda: not has_users,
    )
    host, _ = split_listen(settings.listen)
    return Access(
        hosts=frozenset((*http.allowed_hosts, host.lower())),
        authenticate=authenticator.authenticate,
        is_read_only=http.admin == "off",
        challenge=challenge,
        headers=lambda: {
            name.lower(): value for name, value in web.config.http_server_config.headers.items()
        },
    )


def _tokens(settings: ServiceSettings) -> tuple[Token, ...]:
    http = settings.http
    found = {name: (one.role, one.token) for name, one in http.tokens.items()}
    if http.admin_token is not None:
        found = {"admin": (Role.ADMIN, http.admin_token), **found}
    return tuple(
        Token(name=name, role=role, secret=secret.encode())
        for name, (role, secret) in found.items()
        if secret is not None
    )


def _knows_credentials(settings: ServiceSettings, web: LiveWebConfig) -> bool:
    config = web.config
    return bool(
        config.basic_auth_users
        or config.verifies_clients
        or settings.http.trusted_proxy
        or _tokens(settings)
    )


def _own_names(settings: ServiceSettings) -> tuple[str, ...]:
    """The names and addresses by which clients reach the service, for a self-signed certificate."""
    host, _ = split_listen(settings.listen)
    listened = () if host in {"0.0.0.0", "::"} else (host,)  # noqa: S104 (read, not bound)
    names = (*settings.http.allowed_hosts, *listened, socket.gethostname(), "localhost")
    return tuple(dict.fromkeys((*names, "127.0.0.1", "::1")))
