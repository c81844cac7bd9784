"""Asks the service's own listener with what the configuration has: its certificate, and a token if there is one."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import Any

from service.config.http import HttpSettings
from service.config.settings import ServiceSettings
from service.config.web_config.tls_server_config import REQUIRING, TlsServerConfig
from service.config.web_config.web_config import WebConfig, read_web_config
from service.http.status_client import RefusedError, StatusError, get_status
from service.http.tls.self_signed import pair_in
from service.setting_types.roles import Role
from service.setting_types.values import split_listen


class UnaskedError(Exception):
    """The configuration does not have what the service asks of its clients; the message says what that is."""


def own_url(settings: ServiceSettings) -> str:
    """The URL of the listener, on this machine."""
    host, port = split_listen(settings.listen)
    try:
        if ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    except ValueError:
        pass  # a name
    scheme = "http" if _tls(settings.http) is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def ask_own_status(settings: ServiceSettings) -> dict[str, Any]:
    """The status of the running service.

    Raises:
        NotListeningError: if it does not run.
        UnaskedError: if the configuration does not have what a client needs.
        StatusError: if another program answers, or the service has another configuration.
    """
    tls = _tls(settings.http)
    if tls is not None and tls.client_auth_type in REQUIRING:
        raise UnaskedError("clients need a certificate, and the configuration has none")
    token = _token(settings.http)
    try:
        return get_status(own_url(settings), token, lambda: _trusting(tls))
    except RefusedError as error:
        if token is not None:
            raise
        raise UnaskedError(
            "clients need a password or a token, and the configuration has no token: add one to http.tokens"
        ) from error


def _tls(http: HttpSettings) -> TlsServerConfig | None:
    if http.self_signed_directory is not None:
        return pair_in(http.self_signed_directory)
    config = WebConfig() if http.web_config is None else read_web_config(http.web_config)
    return config.tls_server_config


def _token(http: HttpSettings) -> str | None:
    """The token with the least rights; every role may read the status."""
    tokens = [(one.role, one.token) for one in http.tokens.values()]
    by_rights = sorted(tokens, key=lambda found: list(Role).index(found[0]))
    return next((token for _, token in by_rights), http.admin_token)


def _trusting(tls: TlsServerConfig | None) -> ssl.SSLContext:
    """A context that accepts the configured certificate and no other, under any name.

    A service that has never run has not yet created its self-signed one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if tls is not None:
        try:
            pem = tls.cert if tls.cert_file is None else tls.cert_file.read_text("ascii")
            context.load_verify_locations(cadata=pem)
        except FileNotFoundError:
            return context
        except (OSError, ValueError) as error:
            reason = "its certificate cannot be read"
            raise StatusError(f"{tls.cert_file}: {reason}", reason) from error
    return context
