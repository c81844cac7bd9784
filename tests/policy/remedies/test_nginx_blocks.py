"""Remediations for nginx name every block that they concern: the port's default server, and locations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from policy import Policy, assess, load_policies
from policy.remediation import remedy
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.policy.remedies.weak_servers import ENVIRONMENT_OF_SERVERS
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME, TRUST_STORE

pytestmark = pytest.mark.integration

POLICY = """\
policies:
  house:
    source: house rules
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}
      groups: {allowed: [x25519, secp256r1]}
      hsts: {max_age: 63072000}
"""
WEAK = (
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;",
    "ssl_ecdh_curve secp521r1;",
)
CONFIGURATION = """\
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_ciphers ALL:@SECLEVEL=0;
    {plaintext}
    server {{
        listen 127.0.0.1:{port} ssl default_server;
        server_name other.test;
        return 200 "other";
        {default}
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name};
        {block}
        location / {{
            add_header X-Content-Type-Options nosniff;
            {location}
            return 200 "weak";
        }}
    }}
}}
"""


@contextmanager
def nginx(
    certificates: Certificates,
    directory: Path,
    *,
    default: Sequence[str],
    block: Sequence[str],
    location: Sequence[str] = (),
    plaintext: Sequence[str] = (),
    port: int | None = None,
) -> Iterator[int]:
    port = port or free_port()
    (directory / "nginx.conf").write_text(
        CONFIGURATION.format(
            chain=certificates.rsa.chain_file,
            key=certificates.rsa.key_file,
            port=port,
            name=SERVER_NAME,
            default="\n        ".join(default),
            block="\n        ".join(block),
            location="\n            ".join(location),
            plaintext="\n    ".join(plaintext),
        )
    )
    command = Command(
        arguments=["nginx", "-p", str(directory), "-c", "nginx.conf", "-e", "stderr"],
        ready=r"start worker process \d",
        environment=ENVIRONMENT_OF_SERVERS,
    )
    with running(command, directory):
        yield port


async def observe(
    port: int, certificates: Certificates, http_port: int | None = None
) -> Observation:
    parts = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.HTTP})
    settings = ProbeSettings(
        deadline_seconds=300.0, trust_stores={TRUST_STORE: certificates.root_file}, parts=parts
    )
    target = Target(
        host="127.0.0.1",
        port=port,
        server_name=SERVER_NAME,
        labels={"server": "nginx", "http": "yes"}
        | ({} if http_port is None else {"http_port": str(http_port)}),
    )
    endpoint = Endpoint(target=target, address="127.0.0.1")
    return await Engine(settings, SystemClock()).visit(endpoint)


def failing(observation: Observation, policies: Sequence[Policy]) -> set[str]:
    results = assess(observation, policies, datetime.now(UTC)).results
    return {one.rule for one in results if one.outcome == "fail"}


async def test_the_lines_belong_in_each_block_that_the_place_names(
    certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "house.yaml").write_text(POLICY)
    policies = load_policies([tmp_path / "house.yaml"], datetime.now(UTC)).policies
    with nginx(certificates, tmp_path, default=WEAK, block=WEAK) as port:
        weak = await observe(port, certificates)
    assert failing(weak, policies) == {"protocol_versions", "groups", "hsts"}
    results = assess(weak, policies, datetime.now(UTC)).results
    found = {one.rule: remedy(weak, one, policies) for one in results}
    handshake, header = found["protocol_versions"], found["hsts"]
    assert handshake is not None
    assert header is not None
    assert "default_server block of its port" in handshake.place
    assert "each location that has an add_header of its own" in header.place
    groups = found["groups"]
    assert groups is not None
    lines = list(dict.fromkeys((*handshake.lines, *groups.lines)))
    block = [*lines, *header.lines]
    with nginx(certificates, tmp_path, default=WEAK, block=block) as port:
        assert failing(await observe(port, certificates), policies) >= {"groups", "hsts"}
    with nginx(certificates, tmp_path, default=lines, block=block, location=header.lines) as port:
        assert failing(await observe(port, certificates), policies) == set()


async def test_the_redirect_joins_the_ports_that_were_observed(
    certificates: Certificates, tmp_path: Path
) -> None:
    rules = "https_redirect: {}, no_plaintext: {}"
    text = f"policies: {{house: {{source: house rules, rules: {{{rules}}}}}}}"
    (tmp_path / "house.yaml").write_text(text)
    policies = load_policies([tmp_path / "house.yaml"], datetime.now(UTC)).policies
    port, http_port = free_port(), free_port()
    answering = (f"server {{ listen 127.0.0.1:{http_port}; return 200 plain; }}",)
    none: Sequence[str] = ()
    with nginx(certificates, tmp_path, default=none, block=none, plaintext=answering, port=port):
        weak = await observe(port, certificates, http_port)
    assert "https_redirect" in failing(weak, policies)
    results = assess(weak, policies, datetime.now(UTC)).results
    (fix,) = (remedy(weak, one, policies) for one in results if one.rule == "https_redirect")
    assert fix is not None
    assert fix.place == f"instead of other server blocks on port {http_port}"
    lines = [line.replace("listen ", "listen 127.0.0.1:") for line in fix.lines]
    with nginx(certificates, tmp_path, default=none, block=none, plaintext=lines, port=port):
        assert failing(await observe(port, certificates, http_port), policies) == set()
