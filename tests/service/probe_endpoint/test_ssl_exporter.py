"""A module with ssl_exporter's names: its values match the certificates as cryptography reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from service.config.modules.on_demand import OnDemandSettings
from service.demo import DemoFleet
from tests.service.probe_endpoint.asking import LOOPBACK, World, series
from tests.service.probe_endpoint.exporter_servers import servers
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME


def cn(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


async def page_of(fleet: DemoFleet, name: str, **tls: Any) -> str:
    (target,) = [one for one in fleet.targets if one.server_name == f"{name}.demo.test"]
    settings = OnDemandSettings.model_validate(
        {
            "networks": LOOPBACK,
            "modules": {
                "default": {
                    "prober": "tcp",
                    "emit": ["ssl_exporter"],
                    "tls_config": {"server_name": target.server_name, **tls},
                }
            },
        }
    )
    return await World().prober(settings).page(f"127.0.0.1:{target.port}")


async def test_a_verified_chain_has_both_names_for_each_certificate(fleet: DemoFleet) -> None:
    root = x509.load_pem_x509_certificate(fleet.trust_stores["demo"].read_bytes())
    shown = series(await page_of(fleet, "modern", ca_file=fleet.trust_stores["demo"]))
    assert shown["ssl_probe_success", frozenset()] == 1
    assert shown["ssl_prober", frozenset({("prober", "tcp")})] == 1
    assert shown["ssl_tls_version_info", frozenset({("version", "TLS 1.3")})] == 1
    assert shown["ssl_ocsp_response_stapled", frozenset()] == 0
    of_root = {
        "chain_no": "0",
        "cn": cn(root.subject),
        "issuer_cn": cn(root.issuer),
        "serial_no": str(root.serial_number),
        "dnsnames": "",
        "emails": "",
        "ips": "",
        "ou": "",
    }
    expected = root.not_valid_after_utc.timestamp()
    assert shown["ssl_verified_cert_not_after", frozenset(of_root.items())] == expected
    served = {dict(labels)["cn"] for name, labels in shown if name == "ssl_cert_not_after"}
    assert served == {"modern.demo.test", "tlsprobe demo issuer"}
    names = {dict(labels)["dnsnames"] for name, labels in shown if name == "ssl_cert_not_before"}
    assert names == {",modern.demo.test,", ""}


async def test_a_chain_that_does_not_verify_is_still_reported(fleet: DemoFleet) -> None:
    shown = series(await page_of(fleet, "expired", ca_file=fleet.trust_stores["demo"]))
    assert shown["ssl_probe_success", frozenset()] == 0
    names = {name for name, _ in shown}
    assert "ssl_cert_not_after" in names
    assert "ssl_verified_cert_not_after" not in names


def succeeds(server: str, module: dict[str, Any], scheme: str = "") -> Any:
    return pytest.param(server, module, scheme, 1, id=f"{scheme}{server} {module} succeeds")


def fails(server: str, module: dict[str, Any], scheme: str = "") -> Any:
    return pytest.param(server, module, scheme, 0, id=f"{scheme}{server} {module} fails")


HTTPS: Final = {"prober": "https"}
TCP: Final = {"prober": "tcp"}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("server", "module", "scheme", "success"),
    [
        # prober/https.go: a GET whose answer has any status; redirects are not followed.
        succeeds("modern", HTTPS),
        succeeds("modern", HTTPS, "https://"),
        fails("modern", HTTPS, "http://"),
        fails("modern", HTTPS, "ftp://"),
        succeeds("http2", HTTPS),
        succeeds("gone", HTTPS),
        succeeds("redirect_to_closed", HTTPS),
        succeeds("http10", HTTPS),
        succeeds("modern", {"prober": "http", "tls_config": {}}),
        fails("not_http", HTTPS),
        fails("closes_at_once", HTTPS),
        fails("expired", HTTPS),
        fails("plaintext", HTTPS),
        fails("closed", HTTPS),
        # prober/tcp.go: a handshake, after STARTTLS if the module says so; the target is HOST:PORT.
        succeeds("not_http", TCP),
        succeeds("closes_at_once", TCP),
        fails("expired", TCP),
        fails("smtp", TCP),
        succeeds("smtp", {**TCP, "tcp": {"starttls": "smtp"}}),
        succeeds("imap", {**TCP, "tcp": {"starttls": "imap"}}),
        fails("modern", TCP, "https://"),
        fails("tls10_only", TCP),
    ],
)
async def test_success_means_what_it_means_in_the_exporter_s_source(
    servers_of_module: Mapping[str, int],
    certificates: Certificates,
    server: str,
    module: dict[str, Any],
    scheme: str,
    success: int,
) -> None:
    """ssl_exporter is not packaged, so the expected values come from prober/https.go and prober/tcp.go of v2.4.3."""
    tls = {"server_name": SERVER_NAME, "ca_file": str(certificates.root_file)}
    one = {**module, "tls_config": tls, "emit": ["ssl_exporter"]}
    settings = OnDemandSettings.model_validate({"networks": LOOPBACK, "modules": {"default": one}})
    target = f"{scheme}127.0.0.1:{servers_of_module[server]}"
    page = await World().prober(settings).page(target)
    shown = series(page)
    assert shown["ssl_probe_success", frozenset()] == success
    assert shown["ssl_prober", frozenset({("prober", module["prober"])})] == 1
    assert ("# tlsprobe: " in page) is not bool(success)


@pytest.fixture(scope="module")
def servers_of_module(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, int]]:
    with servers(certificates, tmp_path_factory.mktemp("servers")) as ports:
        yield ports


@pytest.mark.integration
async def test_a_stapled_response_is_reported_with_its_times(
    servers_of_module: Mapping[str, int], certificates: Certificates
) -> None:
    """A good response has no time of revocation: ssl_exporter then shows Go's zero time."""
    module = {"prober": "tcp", "tls_config": {"insecure_skip_verify": True}}
    settings = OnDemandSettings.model_validate(
        {"networks": LOOPBACK, "modules": {"default": {**module, "emit": ["ssl_exporter"]}}}
    )
    page = await World().prober(settings).page(f"127.0.0.1:{servers_of_module['stapling']}")
    response = ocsp.load_der_ocsp_response(certificates.staple_file.read_bytes())
    assert response.next_update_utc
    shown = {name: number for (name, _), number in series(page).items() if "ocsp" in name}
    assert shown == {
        "ssl_ocsp_response_stapled": 1,
        "ssl_ocsp_response_status": 0,
        "ssl_ocsp_response_produced_at": response.produced_at_utc.timestamp(),
        "ssl_ocsp_response_this_update": response.this_update_utc.timestamp(),
        "ssl_ocsp_response_next_update": response.next_update_utc.timestamp(),
        "ssl_ocsp_response_revoked_at": -62135596800,
    }
    assert "ssl_verified_cert_not_after" not in page
