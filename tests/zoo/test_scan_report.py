"""What the scan report says of real servers, against their configuration and their certificates."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from exporters.terminal.scan_report import ReportForm, render_report
from model.clock import SystemClock
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.scan.policy_options import read_gate
from tests.probe.web.nginx_sites import nginx_sites
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.server import ZooServer
from tests.zoo.truth import SERVER_NAME

pytestmark = pytest.mark.integration

WIDE = ReportForm(width=300)
VERBOSE = ReportForm(width=300, is_verbose=True)
NOW = SystemClock().now
FULL_NAMES = {version.display_name: version for version in ProtocolVersion}


def zoo(name: str) -> ZooServer:
    (server,) = [server for server in SERVERS if server.name == name]
    return server


async def visited(server: ZooServer, certificates: Certificates, directory: Path) -> Observation:
    """One visit without a private trust store."""
    with server.start(certificates, directory) as port:
        return await visited_at(port)


async def visited_at(port: int, labels: Mapping[str, str] | None = None) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME, labels=labels or {})
    engine = Engine(ProbeSettings(deadline_seconds=300.0), SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


def said(report: str) -> list[str]:
    return [" ".join(line.split()) for line in report.splitlines()]


def suites_by_title(report: str) -> dict[ProtocolVersion, set[str]]:
    """The suites below each title, for every version that the title names."""
    found: dict[ProtocolVersion, set[str]] = {}
    titled: list[ProtocolVersion] = []
    for line in said(report)[said(report).index("") :]:
        title = re.fullmatch(r"(?:suites )?((?:SSL|TLS) [\d., ]+): \d+ suites?.*", line)
        if title is not None:
            family = title[1].split()[0]
            numbers = title[1].removeprefix(family).split(",")
            titled = [FULL_NAMES[f"{family} {number.strip()}"] for number in numbers]
            found |= {version: set() for version in titled}
        elif line.startswith("groups "):
            break
        for version in titled:
            found[version] |= set(re.findall(r"\bTLS_\w+", line))
    return found


async def test_each_version_is_above_the_suites_that_it_accepts(
    certificates: Certificates, tmp_path: Path
) -> None:
    server = zoo("nginx-old")
    observation = await visited(server, certificates, tmp_path)
    report = render_report(observation, NOW(), form=WIDE)
    expected = server.truth(certificates).cipher_suites
    assert suites_by_title(report) == {
        version: set(choice.accepted) for version, choice in expected.items()
    }
    assert any(line.startswith("TLS 1.1, 1.0: ") for line in said(report))
    assert any("no forward secrecy (RSA key exchange)" in line for line in said(report))


async def test_verbose_names_suites_as_openssl_does(
    certificates: Certificates, tmp_path: Path
) -> None:
    observation = await visited(zoo("nginx-old"), certificates, tmp_path)
    report = said(render_report(observation, NOW(), form=VERBOSE))
    listed = await asyncio.to_thread(
        subprocess.run,
        ["openssl", "ciphers", "-V", "-stdname", "ALL:eNULL:@SECLEVEL=0"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = re.findall(r"0x(\w\w),0x(\w\w) - (\S+) +- (\S+)", listed.stdout)
    openssl = {name: (f"0x{high}{low}", alias) for high, low, name, alias in rows}
    lines = [line for line in report if re.match(r"0x\w{4} ", line)]
    assert lines
    for line in lines:
        code_point, _, name, *others = line.split()
        assert openssl[name][0] == code_point
        if name != openssl[name][1]:
            assert others[:2] == ["OpenSSL:", openssl[name][1]]


async def test_verbose_shows_the_certificate_as_it_is(
    certificates: Certificates, tmp_path: Path
) -> None:
    observation = await visited(zoo("nginx-rsa-server-preference"), certificates, tmp_path)
    report = said(render_report(observation, NOW(), form=VERBOSE))
    leaf = x509.load_pem_x509_certificate(certificates.rsa.leaf_file.read_bytes())
    start, end = leaf.not_valid_before_utc.date(), leaf.not_valid_after_utc.date()
    for expected in (
        f"issuer {leaf.issuer.rfc4514_string()}",
        "key RSA 2048 bits, signed with sha256WithRSAEncryption",
        f"SHA-256 {leaf.fingerprint(hashes.SHA256()).hex()}",
    ):
        assert expected in report
    assert any(line.startswith(f"valid from {start} until {end}, expires in ") for line in report)
    (serial,) = {line.split()[1] for line in report if line.startswith("serial ")} & {
        f"{leaf.serial_number:x}",
        f"{leaf.serial_number:X}",
        f"{leaf.serial_number:040x}",
    }
    assert int(serial, 16) == leaf.serial_number


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("nginx-rsa-server-preference", "CN=zoo root"),
        ("nginx-without-intermediate", "CN=zoo intermediate"),
    ],
)
async def test_a_chain_without_a_trusted_root_is_reported_with_its_last_issuer(
    name: str, end: str, certificates: Certificates, tmp_path: Path
) -> None:
    observation = await visited(zoo(name), certificates, tmp_path)
    report = said(render_report(observation, NOW(), form=WIDE))
    fault = (
        f"high certificate chain ends at {end}, which is in no trust store: "
        "a private CA (--trust-store) or a missing intermediate"
    )
    assert fault in report
    assert "--trust-store NAME=FILE" in report[report.index(fault) + 1]


async def test_checks_that_need_a_client_certificate_are_one_line_without_a_severity(
    certificates: Certificates, tmp_path: Path
) -> None:
    server = zoo("openssl-client-certificate-required")
    observation = await visited(server, certificates, tmp_path)
    target = observation.endpoint.target
    gate = read_gate(
        ["known-vulnerabilities"], [target], fail_on=None, allow_unknown=False, warn=print
    )
    judged = gate.judge(observation, NOW())
    report = said(render_report(observation, NOW(), form=WIDE, judged=judged))
    assert [line for line in report if line.startswith("critical ")] == []
    (rules, facts) = [line for line in report if "needs a client certificate: " in line]
    assert "ticketbleed (TP-VULN-001) of known-vulnerabilities" in rules
    assert "Ticketbleed" in facts


async def test_a_redirect_is_advised_with_the_ports_of_the_server(
    certificates: Certificates, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("policies: {web: {rules: {https_redirect: {}}}}")
    (tmp_path / "nginx").mkdir()
    with nginx_sites(certificates, tmp_path / "nginx") as places:
        for site in ("lax", "to a closed port"):
            ports = places[site]
            labels = {"http": "yes", "http_port": str(ports.clear), "server": "nginx"}
            observation = await visited_at(ports.tls, labels)
            gate = read_gate(
                [str(policy)],
                [observation.endpoint.target],
                fail_on=None,
                allow_unknown=False,
                warn=print,
            )
            judged = gate.judge(observation, NOW())
            report = render_report(observation, NOW(), form=WIDE, judged=judged)
            assert "policy web: not compliant (1 failed, 1 passed)" in said(report)
            assert f" listen {ports.clear};\n" in report
            assert f" return 301 https://$host:{ports.tls}$request_uri;\n" in report
        lax = places["lax"]
        unlabelled = await visited_at(lax.tls, {"http": "yes"})
        assert "plain HTTP not checked: no http_port" in render_report(unlabelled, NOW(), form=WIDE)
