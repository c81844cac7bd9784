"""Records flights of the zoo's real servers: ``python -m tests.probe.tls.record_flights``.

An answer is stored up to ServerHelloDone, at TLS 1.3 up to the record with the server's hello. Certificates
and the servers' random values are new in each recording.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS, cipher_suite_by_name
from probe.dialogue.offer import Shape, offer
from tests.probe.tls.questions import ASKED_SERVERS, QUESTIONS
from tests.probe.tls.recorded import FLIGHTS, Question, RecordedAnswer, first_records, flight_files
from tests.zoo.certificates import Certificates, make_certificates
from tests.zoo.truth import SERVER_NAME, Truth

ANSWERED_WITHIN_SECONDS: Final = 30.0
NONCE: Final = bytes(range(64))
_VERSION_COMMANDS: Final = {
    "openssl": ("openssl", "version"),
    "nginx": ("nginx", "-v"),
    "gnutls": ("gnutls-serv", "--version"),
}
_GROUPS: Final = {group.name: group.code_point for group in NAMED_GROUPS}


def ask(question: Question, port: int) -> bytes:
    """The answer of the server on that loopback port, as whole records.

    Raises:
        AssertionError: if the connection ends before the answer is complete.
    """
    groups = None if question.group is None else (_GROUPS[question.group],)
    shape = Shape(server_name=SERVER_NAME, sends_key_shares=question.has_key_share)
    suite = cipher_suite_by_name(question.cipher_suite)
    assert suite is not None, f"no suite is called {question.cipher_suite}"
    hello = offer(question.version, (suite.code_point,), shape, groups)
    received = b""
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=ANSWERED_WITHIN_SECONDS) as connection:
        connection.sendall(hello.encode(NONCE))
        while (answer := first_records(received, question.version)) is None:
            some = connection.recv(65536)
            assert some, f"{question.name}: ended after {received.hex() or 'nothing'}"
            received += some
    return answer


def truth_of(question: Question, truth: Truth) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The chain and the authorities' names that an answer must contain, by the server's truth.

    Raises:
        AssertionError: if by its truth the server does not accept the question.
    """
    assert question.cipher_suite in truth.cipher_suites[question.version].accepted, question.name
    if question.version is ProtocolVersion.TLSV1_3:
        assert truth.groups is not None, question.name
        assert question.group in truth.groups.accepted, question.name
        return (), None
    chain = () if question.key_type is None else truth.chains[question.key_type].sha256s
    return chain, truth.ca_names or None


def record(certificates: Certificates, directory: Path) -> list[RecordedAnswer]:
    """Every question's answer; each server is started once."""
    recorded = []
    for server in ASKED_SERVERS:
        questions = [question for question in QUESTIONS if question.server == server.name]
        if not questions:
            continue
        files = directory / server.name
        files.mkdir()
        truth = server.truth(certificates)
        with server.start(certificates, files) as port:
            for question in questions:
                chain, ca_names = truth_of(question, truth)
                recorded.append(
                    RecordedAnswer(
                        question=question,
                        software=_software(server.name),
                        chain=chain,
                        ca_names=ca_names,
                        raw=ask(question, port),
                    )
                )
    return recorded


def _software(server: str) -> str:
    kind = server.partition("-")[0]
    if kind == "node010":
        return "Node 0.10.40 with OpenSSL 1.0.1p"
    if kind == "openssl4":
        from cryptography.hazmat.backends.openssl import backend

        return backend.openssl_version_text()
    said = subprocess.run(_VERSION_COMMANDS[kind], capture_output=True, text=True, check=True)
    return (said.stdout or said.stderr).splitlines()[0]


def main() -> None:
    """Replaces all recordings."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        recorded = record(make_certificates(directory), directory)
    for old in flight_files():
        old.unlink()
    for answer in recorded:
        (FLIGHTS / f"{answer.question.name}.hex").write_text(answer.to_text())
    print(f"{len(recorded)} answers recorded in {FLIGHTS.name}/")


if __name__ == "__main__":
    main()
