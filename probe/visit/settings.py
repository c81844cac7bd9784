"""What a visit may take of time, connections and trust: the engine's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model.intrusiveness import Intrusiveness
from model.version import user_agent
from pki.net_guard.gate import SocketGate
from probe.budget import BudgetLimits
from probe.checks.part import USUAL_PARTS, Part
from probe.connect.route import STRAIGHT, Proxy, Route
from probe.crypto.identity import ClientIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """Limits of visits; times in seconds.

    ``deadline_seconds`` bounds a whole visit in time, ``budget`` in all that it costs, ``answer_timeout_seconds`` one whole answer,
    ``greeting_timeout_seconds`` what is said before TLS: some servers greet late on purpose.
    ``connections_per_address`` are open at once to one IP address, and ``connections_per_address_per_second`` begin
    there each second; ``connections_per_host`` to all addresses of one name,
    ``connections_per_network`` to one /24 or /48; ``connections_open`` and ``connections_per_second`` hold for all visits together. ``parts`` of
    a visit that are not named are left out, but for the versions. What is more intrusive than
    ``intrusiveness`` is not asked, where the target's label does not name another level.
    ``user_agent`` names tlsprobe, and whom to write to, in each HTTP request. ``trust_stores`` names PEM
    files; None stands for certifi's copy of Mozilla's. With ``fetch``, missing issuers, OCSP
    responders and CRLs that certificates name are asked too. The ``gate`` decides which sockets may be opened. With ``dns_records``, CAA and TLSA are
    looked up, at the ``name_servers`` (address and port) or the system's. ``client_identities`` are shown
    to targets whose label ``client_identity`` or ``expired_client_identity`` names one. ``log_list`` is
    the file of certificate transparency logs. ``route`` is the usual way to an address; targets whose
    label ``proxy`` names one of the ``proxies`` go by that.
    """

    deadline_seconds: float = 60.0
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    connect_timeout_seconds: float = 5.0
    answer_timeout_seconds: float = 5.0
    greeting_timeout_seconds: float = 15.0
    connections_per_address: int = 4
    connections_per_address_per_second: int = 50
    connections_per_host: int = 16
    connections_per_network: int = 256
    connections_open: int = 1024
    connections_per_second: int = 200
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
