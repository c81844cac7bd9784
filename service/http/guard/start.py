"""The limits and the access rules at the start of the HTTP side, from the settings and the listening socket."""

from __future__ import annotations

import socket

from service.config.settings import ServiceSettings
from service.http.guard.access import Access, AdminAccess
from service.http.guard.callers import is_loopback
from service.http.guard.waiting import ConnectionLimits
from service.process.limits import http_connections_that_fit
from service.setting_types.values import split_listen


def http_limits(settings: ServiceSettings) -> ConnectionLimits:
    """The configured limits, reduced to the open files that this process may have."""
    http = settings.http
    connections = http_connections_that_fit(http.connections, settings.probe.connections_open)
    return ConnectionLimits(
        connections=connections,
        per_caller=min(http.connections_per_address, connections),
        requests_per_second=http.requests_per_second,
    )


def http_access(settings: ServiceSettings, listener: socket.socket) -> Access:
    """The access rules at ``listener``. The name in ``listen`` is allowed like those in ``http.allowed_hosts``."""
    host, _ = split_listen(settings.listen)
    return Access(
        hosts=frozenset((*settings.http.allowed_hosts, host.lower())),
        admin=AdminAccess(
            mode=settings.http.admin,
            token=settings.http.admin_token,
            listens_on_loopback=is_loopback(listener.getsockname()[0]),
        ),
    )
