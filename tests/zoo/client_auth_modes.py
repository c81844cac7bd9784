"""Every mode of client authentication on every stack, with the truth about each at TLS 1.2 and 1.3.

Whether a certificate is requested, whether it is required, and whether it is verified are independent
properties. Modes that the catalogue already has are taken from there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.gnutls_servers import GnutlsServ
from tests.zoo.java_servers import JavaServer
from tests.zoo.openssl_servers import MODERN, SServer

Start: TypeAlias = Callable[[Certificates, Path], AbstractContextManager[int]]

_REQUESTED, _REQUIRED = ClientAuthMode.REQUESTED, ClientAuthMode.REQUIRED
_VERSIONS: Final = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
_PRIORITY: Final = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One server, whether it requires a certificate, and whether it verifies it."""

    name: str
    start: Start
    mode: ClientAuthMode
    verifies: Verdict


def _known(name: str, mode: ClientAuthMode, verifies: Verdict) -> Demand:
    (server,) = (server for server in SERVERS if server.name == name)
    return Demand(name=name, start=server.start, mode=mode, verifies=verifies)


def _openssl(name: str, *options: str, mode: ClientAuthMode, verifies: Verdict) -> Demand:
    server = SServer(name=name, options=(*MODERN, *options, "-CAfile", "{client_ca}"))
    return Demand(name=name, start=server.start, mode=mode, verifies=verifies)


def _gnutls(name: str, *options: str, verifies: Verdict) -> Demand:
    server = GnutlsServ(
        name=name,
        priority=_PRIORITY,
        identities=lambda certificates: (certificates.rsa,),
        options=(*options, "--x509cafile={client_ca}"),
    )
    return Demand(name=name, start=server.start, mode=_REQUESTED, verifies=verifies)


def _java(name: str, mode: ClientAuthMode, verifies: Verdict) -> Demand:
    server = JavaServer(
        name=name,
        versions=_VERSIONS,
        preference=Preference.SERVER,
        client_auth=mode,
        trusts_anybody=verifies is Verdict.NO,
    )
    return Demand(name=name, start=server.start, mode=mode, verifies=verifies)


DEMANDS: Final = (
    _known("openssl-client-certificate-required", _REQUIRED, Verdict.YES),
    _known("openssl-any-client-certificate", _REQUIRED, Verdict.NO),
    _openssl(
        "openssl-requested-and-verified",
        *("-verify", "1", "-verify_return_error"),
        mode=_REQUESTED,
        verifies=Verdict.YES,
    ),
    _known("openssl-client-certificate-requested", _REQUESTED, Verdict.NO),
    _known("nginx-verify-client-on", _REQUESTED, Verdict.YES),
    _known("nginx-verify-client-optional", _REQUESTED, Verdict.YES),
    _known("nginx-verify-client-optional-no-ca", _REQUESTED, Verdict.NO),
    _known("gnutls-client-certificate-required", _REQUIRED, Verdict.YES),
    _known("gnutls-any-client-certificate", _REQUIRED, Verdict.NO),
    _gnutls("gnutls-requested-and-verified", "--verify-client-cert", verifies=Verdict.YES),
    _gnutls("gnutls-requested", verifies=Verdict.NO),
    _known("java-client-certificate-required", _REQUIRED, Verdict.YES),
    _java("java-any-client-certificate", _REQUIRED, Verdict.NO),
    _java("java-requested-and-verified", _REQUESTED, Verdict.YES),
    _java("java-requested", _REQUESTED, Verdict.NO),
    _known("stunnel-client-certificate-required", _REQUIRED, Verdict.YES),
)
