"""Client certificates that are requested for one path only: Apache's, at TLS 1.2 and 1.3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.observation import ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.target_labels import CLIENT_AUTH_PATH, CLIENT_IDENTITY
from model.verdict import Verdict
from probe.checks.part import Part
from probe.crypto.identity import load_identity
from probe.visit.engine import Engine
from tests.support.ports import free_port
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import UNHURRIED

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH})
BOTH = {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
APACHE = """\
ServerRoot {directory}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
Listen 127.0.0.1:{port}
ServerName zoo.test
PidFile apache.pid
ErrorLog /dev/stderr
User nobody
Group nogroup
SSLEngine on
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
SSLCACertificateFile {client_ca}
SSLProtocol -all +TLSv1.2 +TLSv1.3
<Location /required>
    SSLVerifyClient require
</Location>
<Location /optional>
    SSLVerifyClient optional
</Location>
<Location /anybody>
    SSLVerifyClient optional_no_ca
</Location>
"""


@contextmanager
def apache(certificates: Certificates, directory: Path) -> Iterator[int]:
    port = free_port()
    configuration = directory / "apache.conf"
    configuration.write_text(
        APACHE.format(
            directory=directory,
            modules="/usr/lib/apache2/modules",
            port=port,
            chain=certificates.rsa.chain_file,
            key=certificates.rsa.key_file,
            client_ca=certificates.client_ca_file,
        )
    )
    command = Command(
        arguments=["apache2", "-D", "FOREGROUND", "-f", str(configuration)],
        ready="resuming normal operations",
        environment={**ENVIRONMENT, "PATH": PATH},
    )
    with running(command, directory):
        yield port


async def seen(certificates: Certificates, port: int, labels: dict[str, str]) -> Observation:
    identities = {"ours": load_identity("ours", certificates.client_file, None, None)}
    engine = Engine(replace(UNHURRIED, parts=PARTS, client_identities=identities), SystemClock())
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME, labels=labels)
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


@pytest.mark.integration
async def test_the_client_auth_requirement_of_each_path_is_detected(
    certificates: Certificates, tmp_path: Path
) -> None:
    with apache(certificates, tmp_path) as port:
        for path, mode, verifies in (
            ("/required", ClientAuthMode.REQUIRED, Verdict.YES),
            ("/optional", ClientAuthMode.REQUESTED, Verdict.YES),
            ("/anybody", ClientAuthMode.REQUESTED, Verdict.NO),
        ):
            labels = {CLIENT_AUTH_PATH: path}
            found = (await seen(certificates, port, labels)).client_auth
            assert found.keys() == BOTH
            for version, auth in found.items():
                shown = (path, version, auth)
                assert (auth.mode, auth.verifies) == (mode, verifies), shown
                assert auth.asked_on_path == path, shown
                assert auth.ca_names == (CLIENT_CA_NAME,), shown
                assert auth.evidence is not None
                assert auth.evidence.answer, shown


@pytest.mark.integration
async def test_the_certificate_of_the_user_is_accepted_on_the_path(
    certificates: Certificates, tmp_path: Path
) -> None:
    with apache(certificates, tmp_path) as port:
        labels = {CLIENT_AUTH_PATH: "/required", CLIENT_IDENTITY: "ours"}
        found = (await seen(certificates, port, labels)).client_auth
        for auth in found.values():
            assert auth.own is not None
            assert auth.own.is_accepted is Verdict.YES


@pytest.mark.integration
async def test_a_path_that_requests_no_certificate_changes_nothing(
    certificates: Certificates, tmp_path: Path
) -> None:
    with apache(certificates, tmp_path) as port:
        labels = {CLIENT_AUTH_PATH: "/elsewhere"}
        found = (await seen(certificates, port, labels)).client_auth
        assert {(auth.mode, auth.asked_on_path) for auth in found.values()} == {
            (ClientAuthMode.NONE, None)
        }
