"""The service's own listener, as auditors and Prometheus see it: scanned by tlsprobe, scraped by a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.service.http.own_listener import Pki, bcrypt_hash, running, token_settings
from tests.service.processes import tlsprobe
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery staple"
HSTS = (
    "http_server_config:\n  headers:\n"
    "    Strict-Transport-Security: max-age=63072000; includeSubDomains\n"
)
CLIENTS_CHOOSE = "  prefer_server_cipher_suites: false\n"
STRICTEST = ("mozilla-modern", "known-vulnerabilities", "post-quantum-readiness", "ssl-labs")
USUAL = ("mozilla-intermediate", "rfc9325", "encryption-in-transit", "cabf-br")


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@pytest.mark.parametrize(
    ("tls", "policies", "rsa_key"),
    [("  min_version: TLS13\n", STRICTEST, False), ("", USUAL, True)],
    ids=["TLS13", "TLS12"],
)
async def test_a_scan_of_the_own_listener_has_no_finding(
    pki: Pki, tls: str, policies: tuple[str, ...], *, rsa_key: bool
) -> None:
    pki.renew(rsa_key=rsa_key)
    chosen = [word for policy in policies for word in ("--policy", policy)]
    http = {
        "web_config": pki.web_config(HSTS, tls + CLIENTS_CHOOSE),
        "tokens": token_settings(pki.directory),
    }
    async with running(http, handshakes_per_second=1000) as listener:
        run = await asyncio.to_thread(
            tlsprobe,
            "scan",
            f"localhost:{listener.port}",
            *chosen,
            "--intrusiveness",
            "full",
            "--trust-store",
            f"own={pki.root}",
            "--json",
        )
    scanned = json.loads(run.stdout)
    assert scanned["state"] == "tls"
    findings = [(one["policy"], one["violation"], one["observed"]) for one in scanned["findings"]]
    assert (findings, run.returncode) == ([], 0)


@contextmanager
def prometheus(directory: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    log = directory / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                *options,
            ],
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


async def answer_of(url: str, client: httpx.AsyncClient) -> httpx.Response:
    """The answer, when the server has started."""
    while True:
        try:
            found = await client.get(url)
        except httpx.TransportError:
            found = None
        if found is not None and found.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return found
        await asyncio.sleep(0.2)


async def scraped(url: str, client: httpx.AsyncClient) -> dict[str, str]:
    """The state and the error of each scraped target, when all have been scraped."""
    while True:
        targets = (await answer_of(f"{url}/api/v1/targets", client)).json()["data"]["activeTargets"]
        if targets and all(one["health"] != "unknown" for one in targets):
            return {one["labels"]["job"]: one["lastError"] or one["health"] for one in targets}
        await asyncio.sleep(0.2)


@pytest.mark.integration
@pytest.mark.xdist_group("prometheus")
async def test_prometheus_scrapes_with_a_password_and_reads_the_same_web_configuration(
    pki: Pki,
) -> None:
    users = f"basic_auth_users:\n  prometheus: {bcrypt_hash(PASSWORD)}\n"
    tls = (
        "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n"
        "  curve_preferences: [X25519, CurveP256]\n"
    )
    web = pki.web_config(users + HSTS, tls)
    port = free_port()
    job = "{{job_name: {0}, scheme: https, static_configs: [{{targets: ['localhost:{1}']}}], "
    right = "tls_config: {ca_file: root.pem}, basic_auth: {username: prometheus, password: %s}}"
    async with running({"web_config": web}) as listener:
        (pki.directory / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n"
            f"- {job.format('right', listener.port)}{right % json.dumps(PASSWORD)}\n"
            f"- {job.format('wrong', listener.port)}{right % 'wrong'}\n"
            f"- {job.format('untrusted', listener.port)}tls_config: {{}}}}\n"
        )
        options = (f"--web.config.file={web}",)
        with prometheus(pki.directory, port, *options):
            url = f"https://localhost:{port}"
            async with httpx.AsyncClient(
                verify=pki.trust(), auth=("prometheus", PASSWORD), trust_env=False
            ) as client:
                found = await asyncio.wait_for(scraped(url, client), 60)
                assert (await client.get(url, auth=("prometheus", "wrong"))).status_code == 401
    assert found["right"] == "up"
    assert "401" in found["wrong"]
    assert "certificate" in found["untrusted"]
