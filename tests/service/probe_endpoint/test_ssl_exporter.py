"""A module with ssl_exporter's names: its values match the certificates as cryptography reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from exporters.prometheus.options import MetricOptions
from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.probe_page import Names, probe_page
from model.certificates.certificate import Certificate, Revocation, RevocationMethod
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from service.config.modules.on_demand import OnDemandSettings
from service.demo import DemoFleet
from tests.exporters.test_inventory import LEAF, NOW
from tests.service.probe_endpoint.asking import LOOPBACK, World, series


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


def staple_series(staple: Revocation | None, chain: Sequence[Certificate] = (LEAF,)) -> Any:
    glance = HandshakeSummary(
        prober="https",
        is_success=True,
        duration_seconds=0.1,
        resolve_seconds=0.0,
        version=ProtocolVersion.TLSV1_2,
        chain=tuple(chain),
        staple=staple,
    )
    page = probe_page(glance, None, [Names.SSL_EXPORTER], MetricOptions())
    return {name: number for (name, _), number in series(page).items() if "ocsp" in name}


def test_a_stapled_response_is_reported_with_its_times() -> None:
    staple = Revocation(
        position=0,
        method=RevocationMethod.STAPLE,
        is_revoked=Verdict.YES,
        revoked_at=NOW,
        this_update=NOW,
        next_update=NOW,
    )
    at = NOW.timestamp()
    assert staple_series(staple) == {
        "ssl_ocsp_response_stapled": 1,
        "ssl_ocsp_response_status": 1,
        "ssl_ocsp_response_revoked_at": at,
        "ssl_ocsp_response_this_update": at,
        "ssl_ocsp_response_next_update": at,
    }
