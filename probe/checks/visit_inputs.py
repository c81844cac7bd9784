"""What a visit knows of its target before the first question; nothing of it changes in the visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
"""Over TCP; SSL 2.0 is asked about in its own way."""

DATAGRAM_VERSIONS: Final = (ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2)
"""Those that DTLS 1.0 and 1.2 are made of, by which they are asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """What is shown of the user's client certificate for this endpoint."""

    name: str
    sha256: str
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitInputs:
    """The target, as checks see it.

    ``host`` is the name or address by which the target was named, ``application`` the protocol in which TLS
    begins. ``web`` is where its web server would be; None where there can be none. ``client_auth_path`` is an
    HTTP path that may ask for a client certificate where the handshake does not, ``own_certificate`` the
    user's client certificate for it, ``expired_certificate`` one that has expired. ``user_agent`` is how we
    name ourselves in HTTP requests. ``asked_versions`` are in ascending order.
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
