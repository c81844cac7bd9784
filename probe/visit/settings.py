"""The engine's settings: limits, trust and routes of visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.version import user_agent
from pki.net_guard.gate import SocketGate
from probe.checks.part import USUAL_PARTS, Part
from probe.connect.limits import VisitLimits
from probe.connect.route import STRAIGHT, Proxy, Route
from probe.crypto.identity import ClientIdentity


@frozen
class ProbeSettings(VisitLimits):
    """What a visit asks, and how it reaches servers.

    ``parts`` names the parts of a visit to ask, besides the versions. Questions more intrusive than
    ``intrusiveness`` are not asked, unless the target's label names another level. ``user_agent`` names
    tlsprobe, and a contact, in each HTTP request. ``trust_stores`` names PEM files; None stands for certifi's
    copy of Mozilla's. With ``fetch``, missing issuers, OCSP responses and CRLs are fetched from the URLs in
    certificates. The ``gate`` decides which sockets may be opened. With ``dns_records``, CAA, TLSA, HTTPS
    and SVCB are looked up, at the ``name_servers`` (address and port) or the system's. ``client_identities`` are presented
    to targets whose label ``client_identity`` or ``expired_client_identity`` names one. ``log_list`` is the
    file of certificate transparency logs. ``route`` is the usual way to an address; targets whose label
    ``proxy`` names one of the ``proxies`` use that proxy.
    """

    parts: frozenset[Part] = USUAL_PARTS
    intrusiveness: Intrusiveness = Intrusiveness.FULL
    user_agent: str = user_agent()
    fetch: bool = False
    gate: SocketGate = field(default_factory=SocketGate)
    dns_records: bool = False
    name_servers: tuple[tuple[str, int], ...] = ()
    log_list: Path | None = None
    client_identities: Mapping[str, ClientIdentity] = field(default_factory=dict)
    route: Route = STRAIGHT
    proxies: Mapping[str, Proxy] = field(default_factory=dict)
    trust_stores: Mapping[str, Path | None] = field(default_factory=lambda: {"mozilla": None})
