"""tlslite-ng, a TLS library in Python: the only available server that compresses its chain.

Its own order of suites decides (getTLS13Suites in its tlslite/constants.py); for groups and signature schemes
the client's order decides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.protocol_version import ProtocolVersion
from model.verdict import Preference
from tests.zoo.certificates import Certificates
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

PROGRAM = Path(__file__).with_name("tlslite_server.py")
_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256")
_GROUPS = ("secp256r1", "x25519", "ffdhe2048")


@contextmanager
def _start(certificates: Certificates, directory: Path) -> Iterator[int]:
    identity = certificates.rsa
    command = Command(
        arguments=[sys.executable, str(PROGRAM), str(identity.chain_file), str(identity.key_file)],
        ready=r"^listening on (\d+)$",
    )
    with running(command, directory) as ready:
        yield int(ready[1])


def _truth(certificates: Certificates) -> Truth:
    suites = {ProtocolVersion.TLSV1_3: Choice.of(_SUITES, Preference.SERVER)}
    key = certificates.rsa.key_type
    return Truth(
        cipher_suites=suites,
        groups=Choice.of(_GROUPS, None),
        chains={key: certificates.rsa.chain},
        key_exchanges=KeyExchanges(schemes=signatures(suites, [key], {}, Preference.CLIENT)),
    )


TLSLITE_SERVERS = (ZooServer(name="tlslite-compressed-chain", start=_start, truth=_truth),)
