"""Exim, Cyrus IMAP and ejabberd on their ports with TLS from the first byte, with their own defaults.

Debian's Exim uses GnuTLS with the priority string NORMAL (its specification, 43.6) and the client's order.
Cyrus has OpenSSL's defaults with one curve, ``tls_eccurve``; its built-in field of 1024 bits for DHE is too
short for Debian's OpenSSL, so it has no DHE (load_dh_param in its imap/tls.c). ejabberd has its own order
(``c2s_protocol_options``) of the suites of CIPHERS in its library's fast_tls.c, which also requests a client
certificate of any authority. Whether ejabberd verifies it shows only at a login by SASL EXTERNAL, so it stays
unknown. The library passes its field for DHE, RFC 5114's, in big-endian order, but OpenSSL 3 reads it in the
machine's order (OSSL_PARAM(3)): with its bytes reversed it is not a prime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from model.observation import ClientAuthMode
from model.verdict import Preference, Verdict
from tests.probe.starttls.case import RealServer
from tests.probe.starttls.servers.cyrus import CYRUS
from tests.probe.starttls.servers.ejabberd import EJABBERD
from tests.probe.starttls.servers.exim import EXIM
from tests.zoo.certificates import Certificates
from tests.zoo.gnutls_servers import GnutlsServ
from tests.zoo.openssl_settings import OpensslSettings, only_rsa
from tests.zoo.server import ZooServer


def _port_of(
    server: RealServer, configuration: str
) -> Callable[[Certificates, Path], AbstractContextManager[int]]:
    """One port of a server that the tests of STARTTLS use too."""

    @contextmanager
    def start(certificates: Certificates, _: Path) -> Iterator[int]:
        with server.start(certificates) as ports:
            yield ports[configuration]

    return start


MAIL_AND_CHAT_SERVERS = (
    ZooServer(
        name="exim-defaults",
        start=_port_of(EXIM, "implicit"),
        truth=GnutlsServ(name="exim-defaults", priority="NORMAL", identities=only_rsa).truth,
    ),
    ZooServer(
        name="cyrus-defaults",
        start=_port_of(CYRUS, "implicit"),
        truth=OpensslSettings(groups=("secp256r1",)).truth,
    ),
    ZooServer(
        name="ejabberd-defaults",
        start=_port_of(EJABBERD, "direct"),
        truth=OpensslSettings(
            ciphers="HIGH:!aNULL:!eNULL:!3DES:@STRENGTH",
            preference=Preference.SERVER,
            fields=frozenset({"fast_tls 1.1 2048-bit (not a prime)"}),
            client_auth=ClientAuthMode.REQUESTED,
            verifies_clients=Verdict.UNKNOWN,
        ).truth,
    ),
)
