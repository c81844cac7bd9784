"""How a target's labels change the way to it, its web server, and the questions.

A label that cannot be applied is never ignored: the target is then not reached, and the visit says what its
route lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from model.application_protocol import AUTO, DTLS, WIREGUARD, protocol_named
from model.dns.service_bindings import ServiceBindings
from model.intrusiveness import Intrusiveness
from model.target import Target
from model.target_labels import (
    CLIENT_AUTH_PATH,
    HTTP,
    INTRUSIVENESS,
    PROXY,
    PROXY_PROTOCOL,
    UNIX_SOCKET,
    ech_config_list_of,
    http_port_of,
)
from probe.checks.visit_inputs import (
    ASKED_VERSIONS,
    DATAGRAM_VERSIONS,
    OwnCertificate,
    VisitInputs,
)
from probe.connect.options import TransportOptions
from probe.connect.proxy.proxy_protocol import ProxyProtocol
from probe.connect.route import Proxy, Route
from probe.crypto.identity import ClientIdentity
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.web.site import WebSite

_STRAIGHT: Final = "none"
_WIREGUARD_IS_SILENT: Final = "WireGuard answers only clients whose public key it knows, so nothing was sent, and whether it runs is unknown"


def route_to(target: Target, usual: Route, proxies: Mapping[str, Proxy]) -> Route:
    """The way to ``target``: the ``usual`` one with the changes of the target's labels."""
    labels, route = target.labels, usual
    if target.protocol == WIREGUARD:
        return replace(route, unasked=_WIREGUARD_IS_SILENT)
    if (name := labels.get(PROXY)) is not None:
        missing = f"the label {PROXY} names {name!r}, which is not a configured proxy"
        is_known = name == _STRAIGHT or name in proxies
        route = replace(route, proxy=proxies.get(name), missing=None if is_known else missing)
    if (version := labels.get(PROXY_PROTOCOL)) is not None:
        if version in set(ProxyProtocol):
            route = replace(route, proxy_protocol=ProxyProtocol(version))
        else:
            route = replace(route, missing=f"the label {PROXY_PROTOCOL} must be v1 or v2")
    if labels.get(INTRUSIVENESS, Intrusiveness.SAFE) not in set(Intrusiveness):
        route = replace(route, missing=f"the label {INTRUSIVENESS} must be safe, standard or full")
    if (path := labels.get(UNIX_SOCKET)) is not None:
        route = replace(route, unix_socket=Path(path), proxy=None)
    return route


def visit_inputs(
    target: Target,
    application: FoundApplication,
    options: TransportOptions,
    user_agent: str,
    service_bindings: ServiceBindings | None = None,
) -> VisitInputs:
    """The inputs of checks for ``target``, which speaks ``application`` and is reached according to ``options``."""
    return VisitInputs(
        server_name=target.server_name,
        host=target.host,
        application=application,
        web=web_site_of(target),
        client_auth_path=_path_of(target),
        own_certificate=_shown(options.identity),
        expired_certificate=_shown(options.expired_identity),
        user_agent=user_agent,
        asked_versions=DATAGRAM_VERSIONS if application.name == DTLS else ASKED_VERSIONS,
        port=target.port,
        address=options.address,
        service_bindings=service_bindings,
        ech_config_list=ech_config_list_of(target),
    )


def _shown(identity: ClientIdentity | None) -> OwnCertificate | None:
    if identity is None:
        return None
    return OwnCertificate(name=identity.name, sha256=identity.sha256, not_after=identity.not_after)


def _path_of(target: Target) -> str | None:
    """The labelled path as it appears in a request; None without one that begins with a slash."""
    path = target.labels.get(CLIENT_AUTH_PATH, "")
    return quote(path, safe="/?&=%+:,;@!$'()*~") if path.startswith("/") else None


def level_of(target: Target) -> Intrusiveness | None:
    """The level in the target's label; None without one. ``route_to`` refuses a label with another value."""
    text = target.labels.get(INTRUSIVENESS)
    return Intrusiveness(text) if text in set(Intrusiveness) else None


def web_site_of(target: Target) -> WebSite | None:
    """The location of its web server; None if it speaks another protocol."""
    if target.protocol == AUTO or not protocol_named(target.protocol).may_be_http:
        return None
    word = target.labels.get(HTTP)
    return WebSite.of(
        target.reference_name,
        target.port,
        is_web=None if word is None else word == "yes",
        http_port=http_port_of(target),
    )
