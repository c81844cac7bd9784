"""One nginx with two hosts: what a client without a name, or with an unknown one, gets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.terminal.remarks import remarks
from exporters.terminal.scan_report import render_report
from model.certificates.certificate import KeyType, NameAsked
from model.clock import SystemClock
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.visit.engine import Engine
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME, TRUST_STORE
from tests.zoo.visit import UNHURRIED

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
OTHERS = (NameAsked.NO_NAME, NameAsked.UNKNOWN_NAME)
NGINX = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_protocols {versions};
    server {{
        listen 127.0.0.1:{port} ssl default_server;
        ssl_certificate {other_chain};
        ssl_certificate_key {other_key};
        ssl_certificate {second_chain};
        ssl_certificate_key {second_key};
        return 204;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name zoo.test;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        ssl_client_certificate {client_ca};
        ssl_verify_client on;
        return 204;
    }}
}}
"""


@contextmanager
def two_hosts(certificates: Certificates, directory: Path, versions: str) -> Iterator[int]:
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        NGINX.format(
            versions=versions,
            port=port,
            other_chain=certificates.expired.chain_file,
            other_key=certificates.expired.key_file,
            second_chain=certificates.without_intermediate.chain_file,
            second_key=certificates.without_intermediate.key_file,
            chain=certificates.rsa.chain_file,
            key=certificates.rsa.key_file,
            client_ca=certificates.client_ca_file,
        )
    )
    command = Command(
        arguments=["nginx", "-p", str(directory), "-c", str(configuration)],
        ready="start worker process ",
        environment={**ENVIRONMENT, "PATH": PATH},
    )
    with running(command, directory):
        yield port


@pytest.mark.integration
@pytest.mark.parametrize("versions", ["TLSv1.2 TLSv1.3", "TLSv1.3"])
async def test_answers_to_other_names_are_separate(
    versions: str, certificates: Certificates, tmp_path: Path
) -> None:
    stores = {TRUST_STORE: certificates.root_file}
    engine = Engine(replace(UNHURRIED, trust_stores=stores), SystemClock())
    with two_hosts(certificates, tmp_path, versions) as port:
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        found = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    (own,) = found.own_certificates
    others = {one.key_type: one for one in found.certificates if not one.is_own}
    assert others.keys() == {KeyType.RSA, KeyType.ECDSA}
    other, second = others[KeyType.RSA], others[KeyType.ECDSA]
    assert own.leaf.sha256 == certificates.rsa.chain.sha256s[0]
    assert (own.names, own.problems) == ((NameAsked.OWN,), ())
    assert other.leaf.sha256 == certificates.expired.chain.sha256s[0]
    assert second.leaf.sha256 == certificates.without_intermediate.chain.sha256s[0]
    for one in (other, second):
        assert (one.names, one.hostname_matches) == (OTHERS, Verdict.UNKNOWN)
    assert found.features["server_name_selects_certificate"].verdict is Verdict.YES
    assert found.features["server_name_selects_client_auth"].verdict is Verdict.YES
    assert found.features["server_name_required"].verdict is Verdict.NO
    assert found.client_auth[ProtocolVersion.TLSV1_3].mode is ClientAuthMode.REQUESTED
    now = datetime.now(UTC)
    said = [remark.text for remark in remarks(found, now)]
    assert "whether a client certificate is requested depends on the server name" in said
    assert not [text for text in said if "expired" in text]
    shown = " ".join(render_report(found, now).split())
    assert "only to clients that send no name or an unknown name" in shown
