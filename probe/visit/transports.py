"""The transport to one endpoint for one visit, by the target's labels and the settings."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from model.application_protocol import AUTO, DTLS, IKE
from model.ports import Clock
from model.target import Endpoint
from model.target_labels import CLIENT_IDENTITY, EXPIRED_CLIENT_IDENTITY
from pki.net_guard.politeness import Politeness
from probe.connect.datagram_session import DatagramSession
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.application import application
from probe.connect.starttls.peer import Peer
from probe.crypto.identity import ClientIdentity
from probe.transport import ProbeTransport
from probe.visit.settings import ProbeSettings
from probe.visit.target_options import route_to

TransportFactory: TypeAlias = Callable[[TransportOptions, Politeness], ProbeTransport]
"""Makes the transport to an endpoint over TCP, or to an IKE responder; recordings and replays have their own."""


def transport_options(endpoint: Endpoint, settings: ProbeSettings) -> TransportOptions:
    """How ``endpoint`` is reached in one visit.

    Raises:
        ValueError: if the endpoint has no address, or its target names no known protocol.
    """
    target = endpoint.target
    if endpoint.address is None:
        raise ValueError(f"{endpoint.key} has no address to visit")
    gate = settings.gate.for_target(target)

    def identity(label: str) -> ClientIdentity | None:
        return settings.client_identities.get(target.labels.get(label, ""))

    return TransportOptions(
        address=(endpoint.address, target.port),
        peer=Peer(name=target.reference_name),
        nonce=secrets.token_bytes(NONCE_LENGTH),
        route=replace(route_to(target, settings.route, settings.proxies), gate=gate),
        application=None if target.protocol == AUTO else application(target.protocol),
        identity=identity(CLIENT_IDENTITY),
        expired_identity=identity(EXPIRED_CLIENT_IDENTITY),
    )


def transport_to(
    options: TransportOptions,
    settings: ProbeSettings,
    politeness: Politeness,
    clock: Clock,
    stream: TransportFactory | None = None,
) -> ProbeTransport:
    """A new visit's transport: datagrams for DTLS, else ``stream``; if that is None, IKE's datagrams or TCP."""
    if options.application is not None and options.application.name == DTLS:
        return DatagramSession(options, settings, politeness, clock)
    if stream is not None:
        return stream(options, politeness)
    if options.application is not None and options.application.name == IKE:
        from probe.connect.ike_session import IkeSession

        return IkeSession(options, settings, politeness, clock)
    return EndpointSession(options, settings, politeness, clock)
