"""What a visit knows of its target before the first question. It does not change during the visit."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from model.dns.service_bindings import ServiceBindings
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from probe.dialogue.before_tls.found_application import FROM_THE_FIRST_BYTE, FoundApplication
from probe.web.site import WebSite

ASKED_VERSIONS: Final = (
    ProtocolVersion.SSLV3,
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_1,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
"""Versions over TCP; SSL 2.0 has a question of its own."""

DATAGRAM_VERSIONS: Final = (ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2)
"""The TLS versions that DTLS 1.0 and 1.2 are based on; they stand for DTLS in questions."""


@frozen
class OwnCertificate:
    """What the visit reports of the user's client certificate for this endpoint."""

    name: str
    sha256: str
    not_after: datetime


@frozen
class VisitInputs:
    """The target, as checks see it.

    ``host`` is the name or address by which the target was named, ``application`` the protocol in which TLS
    begins. ``web`` is the location of its web server; None if there can be none. ``client_auth_path`` is an
    HTTP path that may ask for a client certificate if the handshake does not, ``own_certificate`` the user's
    client certificate for it, ``expired_certificate`` one that has expired. ``user_agent`` is our name in
    HTTP requests. ``asked_versions`` are in ascending order, ``port`` is the target's. ``address`` is the IP address and
    the port that is probed, ``service_bindings`` the HTTPS or SVCB records that were looked up, and ``ech_config_list``
    what the target's owner states instead of their parameter ``ech``.
    """

    server_name: str | None
    host: str | None = None
    application: FoundApplication = FROM_THE_FIRST_BYTE
    web: WebSite | None = None
    client_auth_path: str | None = None
    own_certificate: OwnCertificate | None = None
    expired_certificate: OwnCertificate | None = None
    user_agent: str = ""
    asked_versions: tuple[ProtocolVersion, ...] = ASKED_VERSIONS
    port: int | None = None
    address: tuple[str, int] | None = None
    service_bindings: ServiceBindings | None = None
    ech_config_list: bytes | None = None
