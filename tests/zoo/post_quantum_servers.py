"""OpenSSL 4 with post-quantum groups, through pyOpenSSL, in two configurations.

SSL_CTX_set1_groups_list(3) of OpenSSL 3.5 and later does not say whose order of groups decides: all groups
between two slashes count as equal. The truth therefore does not say it either.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.protocol_version import ProtocolVersion
from model.verdict import Preference
from tests.zoo.certificates import Certificates
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, signatures
from tests.zoo.openssl_words import TLS13_SUITES
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

PROGRAM = Path(__file__).with_name("post_quantum_server.py")

_CONFIGURATION = """\
openssl_conf = top
[top]
ssl_conf = modules
[modules]
system_default = tls
[tls]
MinProtocol = TLSv1.3
Groups = {groups}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostQuantum:
    """One TLS 1.3 server and its groups, by OpenSSL's names and by IANA's."""

    name: str
    openssl_groups: str
    groups: tuple[str, ...]

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs the program on a free loopback port while the context lasts; yields the port."""
        configuration = directory / "openssl.cnf"
        configuration.write_text(_CONFIGURATION.format(groups=self.openssl_groups))
        identity = certificates.ecdsa
        command = Command(
            arguments=[
                sys.executable,
                str(PROGRAM),
                str(identity.chain_file),
                str(identity.key_file),
            ],
            ready=r"^listening on (\d+)$",
            environment={"OPENSSL_CONF": str(configuration)},
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    def truth(self, certificates: Certificates) -> Truth:
        """What this configuration says about every fact."""
        suites = {ProtocolVersion.TLSV1_3: Choice.of(TLS13_SUITES, Preference.CLIENT)}
        key = certificates.ecdsa.key_type
        return Truth(
            cipher_suites=suites,
            key_exchanges=KeyExchanges(schemes=signatures(suites, [key], {}, Preference.CLIENT)),
            groups=Choice.of(self.groups, None),
            chains={certificates.ecdsa.key_type: certificates.ecdsa.chain},
        )


_CONFIGURATIONS = (
    PostQuantum(
        name="openssl4-post-quantum-and-classic",
        openssl_groups="X25519MLKEM768:SecP256r1MLKEM768:X25519:P-256",
        groups=("X25519MLKEM768", "SecP256r1MLKEM768", "x25519", "secp256r1"),
    ),
    PostQuantum(
        name="openssl4-post-quantum-only",
        openssl_groups="X25519MLKEM768:SecP384r1MLKEM1024",
        groups=("X25519MLKEM768", "SecP384r1MLKEM1024"),
    ),
)

POST_QUANTUM_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.truth) for item in _CONFIGURATIONS
)
