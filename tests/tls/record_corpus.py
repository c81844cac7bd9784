"""Records what real servers send: ``python -m tests.tls.record_corpus`` rewrites ``corpus/``.

Each file is one connection to a server of the zoo: a line that says which server, which question and
what must come of it by the server's configuration, then the bytes in hex.
"""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from model.protocol_version import ProtocolVersion
from probe.checks.candidates import suites_in_parts
from probe.tls.answer import AnswerReader
from probe.tls.offer import Shape, offer
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import make_certificates
from tests.zoo.truth import SERVER_NAME

CORPUS = Path(__file__).with_name("corpus")
NONCE = bytes(range(64))
PATIENCE_SECONDS = 5

SSLV3, TLS10 = ProtocolVersion.SSLV3, ProtocolVersion.TLSV1_0
TLS12, TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One hello to one server; no suites are every suite. ``expected`` is the suite or word."""

    server: str
    version: ProtocolVersion
    expected: str
    suites: tuple[int, ...] = ()
    sends_key_shares: bool = False

    @property
    def name(self) -> str:
        return f"{self.server}_{self.version.label}_{self.expected}"


QUESTIONS = (
    Question(
        server="node010-sslv3-only",
        version=SSLV3,
        expected="TLS_RSA_WITH_RC4_128_SHA",
        suites=(0x0005,),
    ),
    Question(
        server="node010-sslv3-to-tls12-everything",
        version=TLS10,
        expected="TLS_RSA_WITH_AES_128_CBC_SHA",
        suites=(0x002F,),
    ),
    Question(
        server="node010-sslv3-to-tls12-everything",
        version=TLS12,
        expected="TLS_RSA_WITH_RC4_128_MD5",
        suites=(0x0004,),
    ),
    Question(
        server="openssl-everything-server-preference",
        version=TLS12,
        expected="TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        suites=(0x009E,),
    ),
    Question(
        server="openssl-everything-server-preference",
        version=TLS12,
        expected="TLS_RSA_WITH_AES_256_CBC_SHA",
        suites=(0x0035,),
    ),
    Question(
        server="openssl-everything-server-preference",
        version=TLS10,
        expected="TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        suites=(0xC014,),
    ),
    Question(
        server="openssl-anonymous-only",
        version=TLS12,
        expected="TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
        suites=(0xC018,),
    ),
    Question(
        server="openssl-psk-only",
        version=TLS12,
        expected="TLS_PSK_WITH_AES_128_GCM_SHA256",
        suites=(0x00A8,),
    ),
    Question(
        server="openssl-ed25519",
        version=TLS12,
        expected="TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        suites=(0xC02B,),
    ),
    Question(
        server="openssl-client-certificate-required",
        version=TLS12,
        expected="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        suites=(0xC02F,),
    ),
    Question(server="openssl-x448-only", version=TLS13, expected="HelloRetryRequest"),
    Question(server="openssl-tls12-only", version=TLS13, expected="protocol_version"),
    Question(
        server="openssl-tls11-only",
        version=TLS12,
        expected="TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        suites=(0xC013,),
    ),
    Question(
        server="nginx-rsa-and-ecdsa",
        version=TLS12,
        expected="TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        suites=(0xC02B,),
    ),
    Question(
        server="nginx-rsa-and-ecdsa", version=TLS12, expected="handshake_failure", suites=(0x0005,)
    ),
    Question(
        server="nginx-rsa-and-ecdsa",
        version=TLS13,
        expected="TLS_AES_128_GCM_SHA256",
        suites=(0x1301,),
        sends_key_shares=True,
    ),
    Question(
        server="gnutls-normal",
        version=TLS12,
        expected="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        suites=(0xC030,),
    ),
    Question(server="gnutls-normal", version=TLS13, expected="HelloRetryRequest"),
    Question(
        server="gnutls-client-certificate-required",
        version=TLS12,
        expected="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        suites=(0xC02F,),
    ),
    Question(server="openssl4-post-quantum-only", version=TLS13, expected="HelloRetryRequest"),
)


def ask(port: int, question: Question) -> bytes:
    """The server's bytes, up to the answer's end."""
    shape = Shape(server_name=SERVER_NAME, sends_key_shares=question.sends_key_shares)
    suites = question.suites or next(suites_in_parts(question.version))
    reader, received = AnswerReader(), b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(offer(question.version, suites, shape).encode(NONCE))
        while some := connection.recv(65536):
            received += some
            if reader.feed(some) is not None:
                break
    return received


def main() -> None:
    """Starts each server in turn and writes its files."""
    CORPUS.mkdir(exist_ok=True)
    servers = {server.name: server for server in SERVERS}
    with tempfile.TemporaryDirectory() as directory:
        certificates = make_certificates(Path(directory))
        for number, question in enumerate(QUESTIONS):
            home = Path(directory) / str(number)
            home.mkdir()
            with servers[question.server].start(certificates, home) as port:
                received = ask(port, question)
            header = f"# {question.server} | {question.version.label} | {question.expected}\n"
            (CORPUS / f"{question.name}.hex").write_text(f"{header}{received.hex()}\n")
            print(f"{question.name}: {len(received)} bytes")


if __name__ == "__main__":
    main()
