"""The alerts that real servers raise are those that their configuration deserves, and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.prometheus import PageWriter
from model.snapshot import EndpointStatus, Snapshot
from tests.deploy.alert_evaluation import firing_alerts
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.visit import visit

EXPECTED: dict[str, set[str]] = {
    "nginx-tls12-only": set(),
    # It speaks TLS 1.0 and 1.1, with OpenSSL's ALL and eNULL: NULL suites, RSA key transport, DHE.
    "nginx-old": {
        *("TlsprobeWeakProtocol[TLSv1.0]", "TlsprobeWeakProtocol[TLSv1.1]"),
        *("TlsprobeWeakCipherSuite[insecure]", "TlsprobeWeakCipherSuite[weak]"),
    },
    "nginx-expired": {"TlsprobeCertificateExpired"},
    "nginx-without-intermediate": {"TlsprobeVerificationFailed"},
    # ssl_verify_client optional_no_ca: any certificate passes.
    "nginx-verify-client-optional-no-ca": {
        *("TlsprobeClientAuthNotVerified[TLSv1.2]", "TlsprobeClientAuthNotVerified[TLSv1.3]"),
    },
    # OpenSSL's default suites have RSA key transport and DHE. What needs a client certificate raises no alert.
    "openssl-client-certificate-required": {"TlsprobeWeakCipherSuite[weak]"},
    "openssl-ecdsa-only": set(),
}
"""From the configuration of each server and docs/reference/alert-list.md."""


@pytest.mark.integration
async def test_each_server_raises_the_alerts_that_its_configuration_deserves(
    certificates: Certificates, tmp_path: Path
) -> None:
    statuses, names = [], {}
    for server in [one for one in SERVERS if one.name in EXPECTED]:
        directory = tmp_path / server.name
        directory.mkdir()
        observation = (await visit(server, certificates, directory)).observation
        names[observation.endpoint.target.key] = server.name
        statuses.append(
            EndpointStatus(
                observation=observation,
                last_probe_at=observation.ended_at,
                last_success_at=observation.ended_at,
                consecutive_failures=0,
                interval_seconds=3600,
            )
        )
    now = datetime.now(UTC)
    page = "".join(PageWriter().write(Snapshot(taken_at=now, endpoints=tuple(statuses))))
    fired = firing_alerts(page, now, tmp_path)
    assert {name: fired.get(key, set()) for key, name in names.items()} == EXPECTED
