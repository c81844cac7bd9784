"""What a target's labels want of the way to it, and of its web server.

A label that cannot be fulfilled is never passed over in silence: a way that lacks something is none, and
the visit says what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from model.application_protocol import AUTO, protocol_named
from model.intrusiveness import Intrusiveness
from model.target import Target
from model.target_labels import HTTP, HTTP_PORT, INTRUSIVENESS, PROXY, PROXY_PROTOCOL, UNIX_SOCKET
from probe.connect.proxy.proxy_protocol import Preamble
from probe.connect.route import Proxy, Route
from probe.web.site import WebSite

_STRAIGHT: Final = "none"


def route_to(target: Target, usual: Route, proxies: Mapping[str, Proxy]) -> Route:
    """The way to ``target``: the ``usual`` one, as far as its labels do not want another."""
    labels, route = target.labels, usual
    if (name := labels.get(PROXY)) is not None:
        missing = f"the label {PROXY} names {name!r}, which is no proxy of the configuration"
        is_known = name == _STRAIGHT or name in proxies
        route = replace(route, proxy=proxies.get(name), missing=None if is_known else missing)
    if (version := labels.get(PROXY_PROTOCOL)) is not None:
        if version in set(Preamble):
            route = replace(route, preamble=Preamble(version))
        else:
            route = replace(route, missing=f"the label {PROXY_PROTOCOL} must be v1 or v2")
    if labels.get(INTRUSIVENESS, Intrusiveness.SAFE) not in set(Intrusiveness):
        route = replace(route, missing=f"the label {INTRUSIVENESS} must be safe, standard or full")
    if (path := labels.get(UNIX_SOCKET)) is not None:
        route = replace(route, unix_socket=Path(path), proxy=None)
    return route


def level_of(target: Target) -> Intrusiveness | None:
    """The level of the target's label; None without one. ``route_to`` refuses a label that is no level."""
    text = target.labels.get(INTRUSIVENESS)
    return Intrusiveness(text) if text in set(Intrusiveness) else None


def web_site_of(target: Target) -> WebSite | None:
    """Where its web server would be; None where another protocol is spoken."""
    if target.protocol == AUTO or not protocol_named(target.protocol).may_be_http:
        return None
    port = target.labels.get(HTTP_PORT, "")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port) < 65536
    word = target.labels.get(HTTP)
    return WebSite.of(
        target.server_name or target.host,
        target.port,
        is_web=None if word is None else word == "yes",
        clear_port=int(port) if is_port else None,
    )
