"""Caddy's native JSON format: the listeners of its http app, and the hosts that routes match."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from discovery.server_files.blocks import Declared, Entry, matches, split_address
from discovery.source import Skipped, SourceError
from model.application_protocol import URL_PORTS
from model.target import is_ip_address


def read_json_file(path: Path) -> Iterator[Entry]:
    """All sites with HTTPS; raises SourceError."""
    try:
        apps = json.loads(path.read_text(encoding="utf-8"))["apps"]
        app, tls = apps["http"], apps.get("tls") or {}
        http_port = app.get("http_port") or URL_PORTS["http"]
        if "layer4" in apps:
            problem = "the app layer4 is not read: list its servers in a targets file"
            yield Skipped(place=str(path), problem=problem)
        for name, server in app["servers"].items():
            place = f"{path}, server {name}"
            if (server.get("automatic_https") or {}).get("disable") and not tls.get("certificates"):
                problem = "automatic HTTPS is disabled, and no certificate is loaded"
                yield Skipped(place=place, problem=problem)
            else:
                yield from _server(server, path, place, http_port)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{path} is not a Caddy configuration with an http app.") from error


def without_network(listener: str) -> str:
    """A listener's address without the name of its network, if that is TCP."""
    network, slash, address = listener.partition("/")
    return address if slash and network in {"tcp", "tcp4", "tcp6"} else listener


def _server(server: Mapping[str, Any], path: Path, place: str, http_port: int) -> Iterator[Entry]:
    policies = server.get("tls_connection_policies")
    automatic = server.get("automatic_https") or {}
    routes = server.get("routes") or ()
    without_tls = {str(host) for host in automatic.get("skip") or ()}
    hosts = [host for host in dict.fromkeys(_hosts(routes)) if host not in without_tls]
    names = tuple(host for host in hosts if not is_ip_address(host.strip("[]")))
    numbers = [host.strip("[]") for host in hosts if is_ip_address(host.strip("[]"))]
    is_tls = bool(policies) or (bool(hosts) and not automatic.get("disable"))
    wrappers = [one.get("wrapper") for one in server.get("listener_wrappers") or ()]
    for listen in map(str, server.get("listen") or ()):
        found = split_address(without_network(listen))
        if not is_tls:
            continue
        if found is None:
            problem = (
                f"listen {listen} is not an address and port of TCP: list it in a targets file"
            )
            yield Skipped(place=place, problem=problem)
            continue
        address, ports = found
        for port in ports:
            if port == http_port:
                continue
            for one in numbers:
                yield _declared(address or one, port, (), wrappers, path, place)
            if names or not numbers:
                yield _declared(address, port, names, wrappers, path, place)
            if (
                names
                and any(one.get("certificate_selection") for one in policies or ())
                and any(not _own_hosts(route) for route in routes)
            ):
                yield _declared(address, port, (), wrappers, path, place)


def _declared(
    address: str,
    port: int,
    names: tuple[str, ...],
    wrappers: Sequence[Any],
    path: Path,
    place: str,
) -> Declared:
    return Declared(
        address=address,
        port=port,
        names=names,
        is_default=not names,
        has_proxy_protocol="proxy_protocol" in wrappers,
        file=str(path),
        place=place,
    )


def _own_hosts(route: Mapping[str, Any]) -> list[str]:
    return [str(host) for match in route.get("match") or () for host in match.get("host") or ()]


def _hosts(routes: Sequence[Any]) -> Iterator[str]:
    """The hosts of each route; below a wildcard, those that its own routes match."""
    for route in routes:
        outer = _own_hosts(route)
        yield from outer
        for handler in route.get("handle") or ():
            inner = _hosts(handler.get("routes") or ())
            yield from (
                host for host in inner if not outer or any(matches(one, host) for one in outer)
            )
