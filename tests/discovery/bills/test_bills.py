"""Bills of materials of other tools become claims about the targets of other sources, and the wire judges them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cyclonedx.model.crypto import (
    ProtocolPropertiesType,
)
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from discovery.attach import attached
from discovery.bills.source import read_bill_texts, read_bills
from discovery.source import SourceError
from discovery.targets import parse_target
from exporters.reports import report_format
from model.claims import ClaimVerdict
from model.judging.ssh import algorithms
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact
from pki.net_guard.gate import SocketGate
from policy.assess import held_claims
from policy.claims import check_claim
from service.config.scanners.bills import BillsSettings
from service.config.sources import SourceContext
from service.sources.source_results import find_once
from service.sources.target_sources import RuledSource
from tests.discovery.bills.making import (
    MADE_AT,
    algorithm,
    ends_at,
    held,
    protocol,
    reading_of,
    written,
)
from tests.exporters.reports.test_cbom import bill_of
from tests.policy.observed import AT, NO, YES, speaking
from tests.policy.test_ike_rules import ike_responder
from tests.policy.test_ssh_rules import ssh_server
from tests.service.samples import certificate, deployment, modern

PROVED, CONTRADICTED, UNPROVABLE = (
    ClaimVerdict.PROVED,
    ClaimVerdict.CONTRADICTED,
    ClaimVerdict.UNPROVABLE,
)
TLS13: Final = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")


def at(seen: Observation, text: str) -> Observation:
    """The same visit, to another target."""
    return replace(seen, endpoint=replace(seen.endpoint, target=parse_target(text)))


WEB: Final = at(modern("www.example.com"), "www.example.com:443")
URL: Final = "https://www.example.com/api"
NO_HOST: Final = (
    "'/api' is not a host name or address: use a target such as example.com, example.com:8443, "
    "[2001:db8::1]:443 or smtp://mail.example.com"
)


@pytest.mark.parametrize("version", [SchemaVersion.V1_6, SchemaVersion.V1_7])
async def test_versions_and_suites_of_a_bill_are_proved(
    tmp_path: Path, version: SchemaVersion
) -> None:
    suites = {one: WEB.cipher_suites[one].accepted for one in WEB.cipher_suites}
    used = [protocol(one.display_name.removeprefix("TLS "), names) for one, names in suites.items()]
    found = await held(tmp_path, written(used, URL, version=version), WEB)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "cbom_protocols": PROVED,
        "cbom_cipher_suites": PROVED,
    }
    said = found["cbom_protocols"][1]
    assert said.statement == "the server accepts TLS 1.2, TLS 1.3 and no other version"
    assert (said.source, said.read_at) == ("cbom", MADE_AT)
    assert said.resource == f"www.example.com:443 ({tmp_path / 'bill-0.json'})"


async def test_a_bill_is_contradicted_by_what_it_lacks_and_by_what_the_server_refuses(
    tmp_path: Path,
) -> None:
    without_tls_1_2 = await held(tmp_path, written([protocol("1.3", TLS13)], URL), WEB)
    assert without_tls_1_2["cbom_protocols"][0] is CONTRADICTED
    with_tls_1_1 = [protocol("1.1"), protocol("TLSv1.2"), protocol("1.3", TLS13)]
    assert (await held(tmp_path, written(with_tls_1_1, URL), WEB))["cbom_protocols"][
        0
    ] is CONTRADICTED
    one_suite = await held(tmp_path, written([protocol("1.3", TLS13[:1])], URL), WEB)
    assert one_suite["cbom_cipher_suites"][0] is CONTRADICTED


def changed(text: str, **parts: Any) -> str:
    """A bill with parts that the library cannot write."""
    return json.dumps({**json.loads(text), **parts})


async def test_an_incomplete_bill_claims_only_what_it_lists(tmp_path: Path) -> None:
    """As its compositions say: the bill lacks TLS 1.2, and two suites."""
    text = written([protocol("1.3", TLS13[:1])], URL)
    for about in ({"dependencies": ["web"]}, {}):
        found = await held(
            tmp_path, changed(text, compositions=[{"aggregate": "incomplete", **about}]), WEB
        )
        assert {name: verdict for name, (verdict, _) in found.items()} == {
            "cbom_protocols": PROVED,
            "cbom_cipher_suites": PROVED,
        }
        assert found["cbom_protocols"][1].statement == "the server accepts TLS 1.3"


def with_groups(text: str, *groups: str) -> str:
    """``tlsGroups`` of CycloneDX 1.7, which the library's model does not have."""
    document = json.loads(text)
    for one in document["components"]:
        for suite in one["cryptoProperties"]["protocolProperties"]["cipherSuites"]:
            suite["tlsGroups"] = list(groups)
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(document)) is None
    return json.dumps(document)


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        (("X25519MLKEM768", "X25519", "P-256"), PROVED),
        (("X25519MLKEM768", "x25519"), CONTRADICTED),
        (("X25519MLKEM768", "x25519", "secp256r1", "x448"), CONTRADICTED),
        (("x25519", "a private curve"), PROVED),
    ],
)
async def test_the_groups_of_a_bill_are_compared(
    tmp_path: Path, groups: tuple[str, ...], verdict: ClaimVerdict
) -> None:
    text = written([protocol("1.3", TLS13)], URL, version=SchemaVersion.V1_7)
    only = ProtocolVersion.TLSV1_3
    seen = replace(
        WEB, protocols=speaking({only: YES}), cipher_suites={only: WEB.cipher_suites[only]}
    )
    found = await held(tmp_path, with_groups(text, *groups), seen)
    assert found["cbom_groups"][0] is verdict


@pytest.mark.parametrize(("shift", "verdict"), [(0, PROVED), (1, CONTRADICTED)])
async def test_a_certificate_is_compared_by_its_end(
    tmp_path: Path, shift: int, verdict: ClaimVerdict
) -> None:
    end = certificate().not_after
    assert end is not None
    leaf = ends_at(end + timedelta(days=shift))
    text = written([protocol("1.3", uses=[leaf])], URL, more=[leaf])
    found = await held(tmp_path, text, replace(WEB, certificates=(deployment(leaf=certificate()),)))
    assert found["cbom_certificates"][0] is verdict


@pytest.mark.parametrize(("sha256", "verdict"), [("cd" * 32, PROVED), ("ce" * 32, CONTRADICTED)])
async def test_a_certificate_is_compared_by_its_fingerprint(
    tmp_path: Path, sha256: str, verdict: ClaimVerdict
) -> None:
    end = datetime(2020, 1, 1, tzinfo=UTC)
    text = written([ends_at(end)], URL, version=SchemaVersion.V1_7)
    document = json.loads(text)
    (component,) = document["components"]
    properties = component["cryptoProperties"]["certificateProperties"]
    properties["fingerprint"] = {"alg": "SHA-256", "content": sha256}
    seen = replace(WEB, certificates=(deployment(leaf=replace(certificate(), sha256="cd" * 32)),))
    found = await held(tmp_path, json.dumps(document), seen)
    assert found["cbom_certificates"][0] is verdict


async def test_an_ssh_server_is_compared_by_its_algorithms(tmp_path: Path) -> None:
    seen = ssh_server({})
    names = algorithms(seen.ssh, "ciphers") or ()
    assert names
    endpoint = f"ssh://{seen.endpoint.target.host}:{seen.endpoint.target.port}"
    for listed, verdict in ((names, PROVED), (names[1:], CONTRADICTED)):
        used = [algorithm(name) for name in listed]
        text = written(
            [protocol("2.0", kind=ProtocolPropertiesType.SSH, uses=used)], endpoint, more=used
        )
        assert (await held(tmp_path, text, seen))["cbom_ssh"][0] is verdict


def quic_facts(suites: Iterable[str], groups: Iterable[str]) -> dict[str, Fact]:
    return {
        "quic_v1": YES,
        "quic_cipher_suites": replace(YES, value=", ".join(suites)),
        "quic_groups": replace(YES, value=", ".join(groups)),
    }


@pytest.mark.parametrize(
    ("suites", "groups", "verdict"),
    [
        (TLS13, ("x25519",), PROVED),
        (TLS13[:1], ("x25519",), PROVED),
        ((*TLS13, "TLS_AES_128_CCM_SHA256"), ("x25519",), CONTRADICTED),
        (TLS13, ("x25519", "secp256r1"), CONTRADICTED),
    ],
)
async def test_quic_may_accept_no_more_than_the_bill_lists(
    tmp_path: Path, suites: tuple[str, ...], groups: tuple[str, ...], verdict: ClaimVerdict
) -> None:
    used = [protocol("1", TLS13, kind=ProtocolPropertiesType.QUIC)]
    text = with_groups(written(used, URL, version=SchemaVersion.V1_7), "x25519")
    found = await held(tmp_path, text, replace(WEB, quic=quic_facts(suites, groups)))
    assert {name: one for name, (one, _) in found.items()} == {"cbom_quic": verdict}


async def test_a_dtls_server_is_compared_by_its_versions(tmp_path: Path) -> None:
    only = ProtocolVersion.DTLSV1_2
    no_other = {ProtocolVersion.DTLSV1_0: NO, only: YES}
    suites = {only: WEB.cipher_suites[ProtocolVersion.TLSV1_2]}
    seen = replace(at(WEB, "dtls://www.example.com:443"), protocols=no_other, cipher_suites=suites)
    for version, verdict in (("1.2", PROVED), ("1.0", CONTRADICTED)):
        used = [protocol(version, suites[only].accepted, kind=ProtocolPropertiesType.DTLS)]
        text = written(used, "dtls://www.example.com:443", version=SchemaVersion.V1_7)
        assert (await held(tmp_path, text, seen))["cbom_protocols"][0] is verdict


async def test_a_claim_about_tls_is_not_judged_at_an_ssh_server(tmp_path: Path) -> None:
    """The target's protocol is detected by the visit."""
    web = at(ssh_server({}), "auto://www.example.com:443")
    reading = await reading_of(tmp_path, written([protocol("1.3")], URL))
    (claim,) = [one.claim for one in reading.resource_claims]
    about = replace(web.endpoint.target, claims=(claim,))
    (found,) = held_claims(replace(web, endpoint=replace(web.endpoint, target=about)), AT)
    assert found.verdict is ClaimVerdict.NOT_REACHED


async def test_our_own_bill_is_proved_by_the_visit_that_it_was_made_of(tmp_path: Path) -> None:
    transforms = (
        "encryption_aes_gcm_16_256",
        "prf_hmac_sha2_384",
        "integrity_hmac_sha2_256_128",
        "key_exchange_ecp_384",
    )
    for seen, names in (
        (WEB, {"protocols", "cipher_suites", "groups", "certificates"}),
        (
            replace(WEB, quic=quic_facts(TLS13, ("x25519",))),
            {"protocols", "cipher_suites", "groups", "certificates", "quic"},
        ),
        (ssh_server({}), {"ssh"}),
        (ike_responder(dict.fromkeys(transforms, YES)), {"ike"}),
    ):
        text = report_format("cbom").write(bill_of(seen))
        found = await held(tmp_path, text, seen)
        assert found.keys() == {f"cbom_{name}" for name in names}
        assert CONTRADICTED not in {verdict for verdict, _ in found.values()}


async def test_a_target_by_another_address_is_found_by_its_server_name(tmp_path: Path) -> None:
    reading = await reading_of(tmp_path, written([protocol("1.3")], URL, "https://other.test"))
    named = parse_target("192.0.2.1:443", server_name="www.example.com")
    found = await attached([named, parse_target("www.example.com:8443")], reading.resource_claims)
    assert [len(one.claims) for one in found.targets] == [1, 0]
    assert found.unmatched == ("other.test:443",)


async def test_what_cannot_be_compared_is_skipped_with_one_sentence_each(tmp_path: Path) -> None:
    tls, wpa = protocol("1.4"), protocol("3", kind=ProtocolPropertiesType.WPA)
    text = written([tls, wpa], URL, more=[protocol("1.2")])
    document = json.loads(text)
    document["services"] += [
        3,
        {"name": "no endpoint"},
        {"name": "path", "bom-ref": "path", "endpoints": ["/api"]},
    ]
    document["dependencies"] += [{"ref": "path", "dependsOn": ["tls@1.2"]}]
    document["components"] += [{"type": "cryptographic-asset", "name": "lost"}]
    reading = await reading_of(tmp_path, json.dumps(document))
    assert not reading.resource_claims
    name = tmp_path / "bill-0.json"
    assert [str(one).removeprefix(f"{name}, ") for one in reading.skipped] == [
        "services[1]: it must be an object",
        "services[2]: the service no endpoint has no endpoints",
        "components[3]: lost has no bom-ref, so no service can use it",
        "tls@1.4: '1.4' is not a protocol version that tlsprobe knows",
        "wpa@3: no rule is about the protocol wpa 3",
        "services[0]: the service web depends on no protocol or certificate that can be compared",
        f"services[3]: {NO_HOST}",
    ]


async def test_an_unknown_suite_makes_the_list_incomplete(tmp_path: Path) -> None:
    text = written([protocol("1.3", (TLS13[0], "TLS_OF_TOMORROW"))], URL)
    reading = await reading_of(tmp_path, text)
    assert [one.problem for one in reading.skipped] == [
        "'TLS_OF_TOMORROW' is not a cipher suite that tlsprobe knows"
    ]
    (suites,) = [
        one.claim for one in reading.resource_claims if one.claim.name == "cbom_cipher_suites"
    ]
    assert [one.rule for one in suites.rules] == ["cipher_suites_required"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{]", "is not valid JSON"),
        ("[]", "has no bomFormat CycloneDX"),
        ('{"bomFormat":"CycloneDX","specVersion":"1.5"}', "has the specVersion '1.5'"),
    ],
)
async def test_a_file_that_is_no_bill_fails_the_source(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(SourceError, match=r"bill-0\.json") as raised:
        await reading_of(tmp_path, text)
    assert sentence in str(raised.value)


@pytest.mark.parametrize("content", [None, b"\xff"])
async def test_a_file_that_cannot_be_read_fails_the_source(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bill.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=r"bill\.json"):
        await read_bills([path], "bills")


async def test_the_endpoints_and_names_of_a_source_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    path.write_text(written([protocol("1.3")], URL, "https://other.test"))
    assert len((await read_bills([path], "bills", 2)).resource_claims) == 2
    with pytest.raises(SourceError, match="bills has more than 1 targets"):
        await read_bills([path], "bills", 1)


def test_the_names_of_a_source_and_what_it_skips_are_bounded() -> None:
    text = written([protocol("1.3", TLS13)], URL, f"{URL}/more", "https://other.test")
    assert read_bill_texts([("bill", text)], "bills", most_names=10).resource_claims
    with pytest.raises(SourceError, match="list more than 9 names"):
        read_bill_texts([("bill", text)], "bills", most_names=9)
    several = [changed(text, services=[{"name": "s", "endpoints": [URL, "/", f"{URL}/b"]}])]
    with pytest.raises(SourceError, match="more than 1 entries that make no claim"):
        read_bill_texts([("bill", one) for one in several * 2], "bills", 1)


async def test_the_setting_reads_its_files(tmp_path: Path) -> None:
    path = tmp_path / "bill.json"
    path.write_text(written([protocol("1.3")], URL))
    gate = SocketGate()
    source = BillsSettings(type="cbom", paths=(path,)).source(
        SourceContext(gate=gate, statuses=tuple)
    )
    (result,) = await find_once([RuledSource(source=source)], gate)
    assert result.sifted is not None
    assert [one.claim.name for one in result.sifted.resource_claims] == ["cbom_protocols"]


_KEYS = st.sampled_from(
    [
        "services", "components", "dependencies", "compositions", "metadata", "timestamp", "endpoints", "name",
        "bom-ref", "ref", "dependsOn", "cryptoProperties", "assetType", "protocolProperties", "type", "version",
        "cipherSuites", "identifiers", "tlsGroups", "ikev2TransformTypes", "encr", "ke", "group", "cryptoRefArray",
        "certificateProperties", "notValidAfter", "fingerprint", "aggregate", "assemblies",
    ]
)  # fmt: skip
_TEXTS = st.sampled_from(
    ["a", "cryptographic-asset", "protocol", "certificate", "tls", "ike", "ssh", "quic", "1.2", "2",
     "https://a.test", "0001-01-01T00:00:00+14:00", "incomplete"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=30,
)


_PARTS = st.dictionaries(_KEYS, _JSON, max_size=6)


@given(_PARTS, _PARTS, _PARTS)
def test_any_bill_is_read_or_refused_and_its_claims_can_be_judged(
    parts: dict[str, Any], properties: dict[str, Any], suite: dict[str, Any]
) -> None:
    kinds = {"type": "tls", "version": "1.2", "cipherSuites": [suite], **properties}
    crypto = {"assetType": "protocol", "protocolProperties": kinds, "certificateProperties": kinds}
    used = {"type": "cryptographic-asset", "bom-ref": "a", "cryptoProperties": {**crypto, **suite}}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "services": [
            {"name": "s", "bom-ref": "s", "endpoints": ["https://a.test", "ike://a.test"]}
        ],
        "dependencies": [{"ref": "s", "dependsOn": ["a"]}],
        "components": [used],
        **parts,
    }
    with suppress(SourceError):
        reading = read_bill_texts([("bill", json.dumps(document))], "bills")
        for one in reading.resource_claims:
            check_claim(one.claim)
        assert all("\n" not in str(one) for one in reading.skipped)
