"""A bill that agrees with a server's configuration is proved by a visit, and one that does not is contradicted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cyclonedx.model.crypto import ProtocolPropertiesType
from cyclonedx.schema import SchemaVersion

from model.claims import ClaimVerdict
from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from probe.checks.part import USUAL_PARTS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.discovery.bills.making import algorithm, ends_at, held, protocol, written
from tests.probe.ssh.servers import Keys, openssh
from tests.zoo.certificates import Certificates
from tests.zoo.nginx_servers import Nginx
from tests.zoo.openssl_words import TLS13_SUITES
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import UNHURRIED

SUITES: Final = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305")
GROUPS: Final = ("X25519", "P-256")
NGINX: Final = Nginx(
    identities=lambda every: (every.rsa,),
    directives=(
        "ssl_protocols TLSv1.2 TLSv1.3;",
        f"ssl_ciphers {':'.join(SUITES)};",
        "ssl_ecdh_curve X25519:prime256v1;",
    ),
)
CIPHERS: Final = ("aes256-gcm@openssh.com", "aes256-ctr")


async def visited(target: Target, settings: ProbeSettings, host: str = "127.0.0.1") -> Observation:
    engine = Engine(settings, SystemClock())
    return await engine.visit(Endpoint(target=target, address=host))


def with_groups(text: str, groups: tuple[str, ...]) -> str:
    """``tlsGroups`` of every suite, which the library's model does not have."""
    document: Any = json.loads(text)
    for one in document["components"]:
        of = one["cryptoProperties"].get("protocolProperties", {})
        for suite in of.get("cipherSuites", ()):
            suite["tlsGroups"] = list(groups)
    return json.dumps(document)


def verdicts(found: dict[str, Any]) -> dict[str, ClaimVerdict]:
    return {name.removeprefix("cbom_"): verdict for name, (verdict, _) in found.items()}


@pytest.mark.integration
async def test_the_bill_of_an_nginx(certificates: Certificates, tmp_path: Path) -> None:
    leaf = x509.load_pem_x509_certificate(certificates.rsa.leaf_file.read_bytes())
    end = leaf.not_valid_after_utc
    with NGINX.start(certificates, tmp_path) as port:
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        seen = await visited(target, replace(UNHURRIED, parts=USUAL_PARTS))
    url = f"https://{SERVER_NAME}:{port}/"
    right = [protocol("1.2", SUITES), protocol("1.3", TLS13_SUITES), ends_at(end)]
    text = with_groups(written(right, url, version=SchemaVersion.V1_7), GROUPS)
    names = ("protocols", "cipher_suites", "groups", "certificates")
    assert verdicts(await held(tmp_path, text, seen)) == dict.fromkeys(names, ClaimVerdict.PROVED)
    wrong = [protocol("1.2", (*SUITES, "AES128-SHA")), ends_at(end - timedelta(days=1))]
    text = with_groups(written(wrong, url, version=SchemaVersion.V1_7), (*GROUPS, "P-384"))
    found = await held(tmp_path, text, seen)
    assert verdicts(found) == dict.fromkeys(names, ClaimVerdict.CONTRADICTED)


@pytest.mark.integration
async def test_the_bill_of_an_sshd(tmp_path: Path) -> None:
    key = Keys(directory=tmp_path).make("ed25519")
    with openssh(tmp_path, f"HostKey {key}", f"Ciphers {','.join(CIPHERS)}") as port:
        target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ssh")
        seen = await visited(target, UNHURRIED)
    for listed, verdict in (
        (CIPHERS, ClaimVerdict.PROVED),
        (CIPHERS[:1], ClaimVerdict.CONTRADICTED),
    ):
        used = [algorithm(name) for name in listed]
        ssh = protocol("2.0", kind=ProtocolPropertiesType.SSH, uses=used)
        text = written([ssh], f"ssh://127.0.0.1:{port}", more=used)
        assert verdicts(await held(tmp_path, text, seen)) == {"ssh": verdict}
