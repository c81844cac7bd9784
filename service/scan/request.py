"""The request that the command line makes of a scan: which targets, how thoroughly, and by which route."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from discovery.targets import TargetError, parse_target
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.target import Target
from pki.transparency import LogListError, read_log_list
from probe.checks.check_groups import parse_parts
from probe.connect.proxy.proxy_protocol import ProxyProtocol
from probe.connect.proxy_url import parse_proxy
from probe.connect.route import Route, check_source_address
from probe.visit.settings import ProbeSettings
from scheduling.resolve import AddressFamily
from service.config.trust_stores import parse_trust_store
from service.process.state_files import connect_errors_of_scans

PROXY_PASSWORD_VARIABLE: Final = "TLSPROBE_PROXY_PASSWORD"  # noqa: S105 (a variable's name)
_LONGEST_TIMEOUT_SECONDS: Final = 86_400.0


class ScanInputError(ValueError):
    """The user's request is invalid; the message is one sentence that says how to fix it."""


@frozen
class ScanRequest:
    """What to probe, in the order of the output, and how.

    ``service`` is the URL of the service that probes, with its own settings; None if this process does.
    """

    targets: tuple[Target, ...]
    settings: ProbeSettings
    family: AddressFamily = AddressFamily.ANY
    service: str | None = None


def by_service(request: ScanRequest, url: str | None, own: Sequence[str]) -> ScanRequest:
    """The request, made by the service at ``url``; ``own`` are the given options that only this process takes.

    Raises:
        ScanInputError: if there are any.
    """
    if url is not None and own:
        raise ScanInputError(
            f"--service and {own[0]} exclude each other: a service probes with its own settings"
        )
    return replace(request, service=url)


def read_request(
    hosts: Sequence[str],
    server_name: str | None = None,
    timeout_seconds: float = 60.0,
    trust_stores: Sequence[str] | None = None,
    checks: str | None = None,
    intrusiveness: Intrusiveness = Intrusiveness.FULL,
) -> ScanRequest:
    """The request of the command line; ``checks`` are names separated by commas.

    Raises:
        ScanInputError: for the first invalid argument.
    """
    if not (math.isfinite(timeout_seconds) and 0 < timeout_seconds <= _LONGEST_TIMEOUT_SECONDS):
        raise ScanInputError(
            f"--timeout {timeout_seconds:g} must be more than 0 and at most 86400 seconds"
        )
    stores: dict[str, Path | None] = dict(ProbeSettings().trust_stores)
    try:
        stores |= dict(parse_trust_store(text) for text in trust_stores or ())
    except ValueError as error:
        raise ScanInputError(f"--trust-store: {error}") from error
    try:
        targets = tuple(parse_target(host, server_name=server_name) for host in hosts)
    except TargetError as error:
        raise ScanInputError(str(error)) from error
    defaults = ProbeSettings()
    try:
        parts = defaults.parts if checks is None else parse_parts(checks.split(","))
    except ValueError as error:
        raise ScanInputError(f"--checks: {error}") from error
    settings = ProbeSettings(
        trust_stores=stores,
        parts=parts,
        intrusiveness=intrusiveness,
        connect_errors_directory=connect_errors_of_scans(),
    )
    settings = settings.for_a_waiting_user().with_deadline(timeout_seconds)
    return ScanRequest(targets=targets, settings=settings)


def with_surroundings(
    request: ScanRequest,
    fetch: bool,
    dns: bool,
    log_list: Path | None,
    name_servers: Sequence[str] = (),
) -> ScanRequest:
    """The request, with the additional checks of the chains; ``name_servers`` are asked instead of the system's.

    Raises:
        ScanInputError: if the log list or a name server cannot be used.
    """
    try:
        if log_list is not None:
            read_log_list(log_list)
        servers = _name_servers(name_servers) if name_servers else ()
    except LogListError as error:
        raise ScanInputError(f"--log-list: {error}") from error
    except ValueError as error:
        raise ScanInputError(f"--name-server {error}") from error
    settings = replace(
        request.settings, fetch=fetch, dns_records=dns, log_list=log_list, name_servers=servers
    )
    return replace(request, settings=settings)


def _name_servers(texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    # The module imports pydantic, which other scans do not need.
    from service.setting_types.values import split_name_server

    return tuple(map(split_name_server, texts))


def by_way(
    request: ScanRequest,
    proxy: str | None,
    source_address: str | None,
    proxy_protocol: str | None,
    only_ipv4: bool,
    only_ipv6: bool,
) -> ScanRequest:
    """The request, with the route to the endpoints.

    Raises:
        ScanInputError: if the route is invalid.
    """
    if only_ipv4 and only_ipv6:
        raise ScanInputError("--ipv4 and --ipv6 exclude each other: give one, or neither")
    family = AddressFamily.ANY
    if only_ipv4 or only_ipv6:
        family = AddressFamily.IPV4 if only_ipv4 else AddressFamily.IPV6
    try:
        way = None
        if proxy is not None:
            way = parse_proxy(proxy, os.environ.get(PROXY_PASSWORD_VARIABLE))
    except ValueError as error:
        raise ScanInputError(f"--proxy {error}") from error
    try:
        check_source_address(source_address)
    except ValueError as error:
        raise ScanInputError(f"--source-address: {error}") from error
    if proxy_protocol not in {None, *ProxyProtocol}:
        raise ScanInputError(f"--proxy-protocol must be v1 or v2, not {proxy_protocol!r}")
    route = Route(
        proxy=way,
        proxy_protocol=None if proxy_protocol is None else ProxyProtocol(proxy_protocol),
        source_address=source_address,
    )
    return replace(request, settings=replace(request.settings, route=route), family=family)
