"""The target labels that tlsprobe acts on, in one table for all readers.

Any other label describes a target and has no effect. An acting label decides what the service sends, to
which server, or what counts as correct. It is therefore honoured only if the owner of the service set it: in
a file, by a relabelling rule that names it, or by a source with ``trust_labels: true``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from model.application_protocol import HTTP_PORTS
from model.target import Target

CLIENT_IDENTITY: Final = "client_identity"
EXPIRED_CLIENT_IDENTITY: Final = "expired_client_identity"
CLIENT_AUTH_PATH: Final = "client_auth_path"
CLIENT_AUTH: Final = "client_auth"
TRUST_STORES: Final = "trust_stores"
PROXY: Final = "proxy"
PROXY_PROTOCOL: Final = "proxy_protocol"
UNIX_SOCKET: Final = "unix_socket"
ADDRESS_FAMILY: Final = "address_family"
HTTP: Final = "http"
HTTP_PORT: Final = "http_port"
LOG: Final = "log"
ZONE: Final = "zone"
SERVER: Final = "server"
EXPECTED_CERTIFICATE: Final = "expected_certificate"
EXPECTED_PROTOCOLS: Final = "expected_protocols"
INTRUSIVENESS: Final = "intrusiveness"


@dataclass(frozen=True, slots=True)
class ActingLabel:
    """One acting label; ``meaning`` is a phrase on what it decides."""

    name: str
    meaning: str


ACTING_LABELS: Final = (
    ActingLabel(CLIENT_IDENTITY, "which client certificate is presented to the server"),
    ActingLabel(
        EXPIRED_CLIENT_IDENTITY, "which expired client certificate is presented to the server"
    ),
    ActingLabel(CLIENT_AUTH_PATH, "which HTTP path is requested"),
    ActingLabel(CLIENT_AUTH, "which client authentication counts as correct"),
    ActingLabel(TRUST_STORES, "which trust stores the chain is verified against"),
    ActingLabel(PROXY, "which proxy the connections go through"),
    ActingLabel(PROXY_PROTOCOL, "which PROXY protocol header the connections begin with"),
    ActingLabel(UNIX_SOCKET, "which local socket is connected to"),
    ActingLabel(ADDRESS_FAMILY, "which addresses of the name are probed"),
    ActingLabel(HTTP, "whether HTTP requests are sent"),
    ActingLabel(HTTP_PORT, "which other port gets plaintext HTTP requests"),
    ActingLabel(LOG, "how detailed the log about the target is"),
    ActingLabel(ZONE, "which workers probe the target"),
    ActingLabel(SERVER, "for which server software remediation is written"),
    ActingLabel(EXPECTED_CERTIFICATE, "which certificates count as correct"),
    ActingLabel(EXPECTED_PROTOCOLS, "which protocol versions count as correct"),
    ActingLabel(INTRUSIVENESS, "how intrusive the probes may be"),
)
"""Every label that some part of tlsprobe reads by name."""

ACTING_NAMES: Final = frozenset(label.name for label in ACTING_LABELS)


def http_port_of(target: Target) -> int | None:
    """The port of plaintext HTTP: the label's, or port 80 for port 443; None if neither says which."""
    port = target.labels.get(HTTP_PORT, "")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port) < 65536
    return int(port) if is_port else HTTP_PORTS.get(target.port)
