"""The cryptographic bill of materials: valid CycloneDX 1.7, complete, small, and verified without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exporters.reports import NotAReportError, Report, report_format, report_of, verify_report
from exporters.reports.cbom.algorithms import (
    certificate_signature,
    group_algorithm,
    key_algorithm,
    scheme_algorithm,
    suite_algorithms,
)
from exporters.reports.cryptography import cryptography_of
from model.certificates.certificate import KeyType
from model.encoding.observation_json import to_json
from model.intrusiveness import Intrusiveness
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.snapshot import Snapshot
from model.verdict import Evidence, Fact, UnknownCause, Verdict
from policy.fact_names import FEATURES, VULNERABILITIES
from tests.exporters.reports.samples import NOW, hostile_reports, request, silent, status
from tests.policy.test_ike_rules import ike_responder
from tests.policy.test_ssh_rules import ssh_server
from tests.service.samples import certificate, deployment, legacy, modern

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_7)
TLSV1_3 = ProtocolVersion.TLSV1_3
PROOF = Evidence(offer=b"\x01\x02", answer=b"\x03\x04", note="a ServerHello")
SSH_METHODS = "mlkem768x25519-sha256,sntrup761x25519-sha512,curve25519-sha256"
PROOF_SHA256 = hashlib.sha256(b'[{"answer":"0304","note":"a ServerHello","offer":"0102"}]').digest()


def facts() -> Observation:
    """An endpoint with a yes, a no, an unknown, and a question that was not asked."""
    return replace(
        modern(),
        features={
            "alpn": Fact(verdict=Verdict.YES, value="h2", evidence=PROOF),
            "early_data": Fact(verdict=Verdict.NO, evidence=PROOF),
            "post_quantum_handshake": Fact(verdict=Verdict.UNKNOWN),
            "session_tickets": Fact(
                verdict=Verdict.UNKNOWN, cause=UnknownCause.NEEDS_CLIENT_CERTIFICATE
            ),
        },
        not_asked={"heartbleed": Intrusiveness.FULL},
    )


def bill_of(*observations: Observation) -> Report:
    statuses = tuple(map(status, observations))
    known = {one.endpoint.key: cryptography_of(one) for one in observations}
    return report_of(
        Snapshot(taken_at=NOW, endpoints=statuses), replace(request(), cryptography=known)
    )


def text_of(*observations: Observation) -> str:
    return report_format("cbom").write(bill_of(*observations))


def properties(holder: Any) -> dict[str, str]:
    return {one["name"]: one["value"] for one in holder["properties"]}


def said_of(document: Any, position: int = 0) -> dict[str, tuple[str, str]]:
    """What the document says of each fact of an endpoint, and the hash of the proof."""
    stated = properties(document["services"][position])
    (component,) = [
        one for one in document["components"] if one["bom-ref"] == stated["tlsprobe:facts"]
    ]
    said = properties(component)
    proofs = stated["tlsprobe:proofs"].split()
    assert len(said) == len(proofs)
    return {
        name.removeprefix("tlsprobe:fact:"): (text, proof)
        for (name, text), proof in zip(said.items(), proofs, strict=True)
    }


def level(component: Any) -> int | None:
    found = component["cryptoProperties"]["algorithmProperties"].get("nistQuantumSecurityLevel")
    assert found is None or isinstance(found, int)
    return found


@pytest.mark.parametrize(
    "observations", [(), (facts(),), (modern(), legacy(), silent("lost.example"))], ids=len
)
def test_the_strict_validator_of_cyclonedx_accepts_it(observations: Sequence[Observation]) -> None:
    assert VALIDATOR.validate_str(text_of(*observations)) is None


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(hostile_reports())
def test_the_strict_validator_accepts_any_text(hostile: Report) -> None:
    assume(hostile.endpoints[0].key != hostile.endpoints[1].key)
    assert VALIDATOR.validate_str(report_format("cbom").write(hostile)) is None


def test_each_fact_has_its_verdict_and_the_hash_of_its_proof() -> None:
    said = said_of(json.loads(text_of(facts())))
    proof = base64.urlsafe_b64encode(PROOF_SHA256).decode().rstrip("=")
    assert said["features:alpn"] == ("yes: h2", proof)
    assert said["features:early_data"] == ("no", proof)
    assert said["features:post_quantum_handshake"] == ("unknown", "-")
    assert said["features:session_tickets"] == ("unknown: needs_client_certificate", "-")
    assert said["heartbleed"] == ("not asked: needs intrusiveness full", "-")
    assert said["protocols:TLSv1.0"] == ("no", proof)
    assert said["protocols:TLSv1.3"] == ("yes", proof)
    assert said["groups:TLSv1.3"][0] == "yes: X25519MLKEM768, x25519, secp256r1; others: no"
    assert said["client_auth:TLSv1.3"] == ("no", proof)


def test_a_list_that_may_be_longer_says_so() -> None:
    groups = modern().groups
    open_list = replace(groups[TLSV1_3], complete=False)
    said = said_of(json.loads(text_of(replace(modern(), groups={TLSV1_3: open_list}))))
    assert said["groups:TLSv1.3"][0].endswith("; others: unknown")


def test_a_protocol_has_its_suites_with_groups_and_algorithms() -> None:
    document = json.loads(text_of(facts()))
    components = {one["bom-ref"]: one for one in document["components"]}
    (dependency,) = document["dependencies"]
    (found,) = [
        one["cryptoProperties"]["protocolProperties"]
        for one in map(components.__getitem__, dependency["dependsOn"])
        if one["name"] == "TLS 1.3"
    ]
    assert (found["type"], found["version"]) == ("tls", "1.3")
    first = found["cipherSuites"][0]
    assert first["name"] == "TLS_AES_256_GCM_SHA384"
    assert first["identifiers"] == ["0x13", "0x02"]
    assert first["tlsGroups"] == ["X25519MLKEM768", "x25519", "secp256r1"]
    assert level(components[first["algorithms"][0]]) == 5


def test_a_certificate_has_its_key_and_its_fingerprint() -> None:
    leaf = replace(certificate(), sha256="cd" * 32, public_key_sha256="ef" * 32)
    document = json.loads(text_of(replace(modern(), certificates=(deployment(leaf=leaf),))))
    components = {one["bom-ref"]: one for one in document["components"]}
    written = components["certificate:" + "cd" * 32]["cryptoProperties"]["certificateProperties"]
    assert written["fingerprint"] == {"alg": "SHA-256", "content": "cd" * 32}
    assert written["notValidAfter"].endswith("Z")
    keys = [
        one["ref"] for one in written["relatedCryptographicAssets"] if one["type"] == "publicKey"
    ]
    key = components[keys[0]]["cryptoProperties"]["relatedCryptoMaterialProperties"]
    assert (key["type"], key["size"], key["id"]) == ("public-key", 256, "ef" * 32)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        # FIPS 203, table 2, and FIPS 204, table 1.
        (group_algorithm("MLKEM512"), 1),
        (group_algorithm("X25519MLKEM768"), 3),
        (group_algorithm("SecP384r1MLKEM1024"), 5),
        (scheme_algorithm("mldsa44"), 2),
        (scheme_algorithm("mldsa65"), 3),
        (key_algorithm(KeyType.MLDSA, 20_736), 5),
        (certificate_signature("ML-DSA-87"), 5),
        # Shor's algorithm breaks these.
        (group_algorithm("x25519"), 0),
        (group_algorithm("ffdhe8192"), 0),
        (scheme_algorithm("ecdsa_secp521r1_sha512"), 0),
        (key_algorithm(KeyType.RSA, 4096), 0),
        (certificate_signature("sha256WithRSAEncryption"), 0),
        # The categories are defined by AES.
        (suite_algorithms("TLS_AES_128_GCM_SHA256")[-1], 1),
        (suite_algorithms("TLS_AES_256_GCM_SHA384")[-1], 5),
        (suite_algorithms("TLS_RSA_WITH_DES_CBC_SHA")[-1], 0),
        # NIST states no category.
        (group_algorithm("X25519Kyber768Draft00"), None),
        (suite_algorithms("TLS_CHACHA20_POLY1305_SHA256")[-1], None),
        (certificate_signature("1.2.3.4"), None),
        (key_algorithm(KeyType.OTHER, None), None),
    ],
    ids=str,
)
def test_the_quantum_security_level_is_that_of_nist(component: Any, expected: int | None) -> None:
    assert level(component) == expected


def assets(document: Any, name: str) -> Any:
    """The fields of the protocol with this name, and all components by their reference."""
    components = {one["bom-ref"]: one for one in document["components"]}
    (dependency,) = document["dependencies"]
    (found,) = [
        one["cryptoProperties"]["protocolProperties"]
        for one in map(components.__getitem__, dependency["dependsOn"])
        if one["name"] == name
    ]
    return found, components


def test_quic_is_a_protocol_of_its_own() -> None:
    quic = {
        "quic_v1": Fact(verdict=Verdict.YES, evidence=PROOF),
        "quic_v2": Fact(verdict=Verdict.NO, evidence=PROOF),
        "quic_cipher_suites": Fact(verdict=Verdict.YES, value="TLS_AES_128_GCM_SHA256"),
        "quic_groups": Fact(verdict=Verdict.UNKNOWN, value="x25519, X25519MLKEM768"),
    }
    bill = json.loads(text_of(replace(modern(), quic=quic)))
    assert VALIDATOR.validate_str(json.dumps(bill)) is None
    found = {one["name"]: one for one in bill["components"]}
    assert "QUIC version 2" not in found
    protocol = found["QUIC version 1"]["cryptoProperties"]["protocolProperties"]
    assert (protocol["type"], protocol["version"]) == ("quic", "1")
    (suite,) = protocol["cipherSuites"]
    assert suite["name"] == "TLS_AES_128_GCM_SHA256"
    assert suite["tlsGroups"] == ["x25519", "X25519MLKEM768"]
    assert found["QUIC version 1"]["bom-ref"] in bill["dependencies"][0]["dependsOn"]
    said = properties(next(one for one in bill["components"] if one["name"] == "facts"))
    assert said["tlsprobe:fact:quic:quic_v2"] == "no"
    assert said["tlsprobe:fact:quic:quic_groups"] == "unknown: x25519, X25519MLKEM768"


def test_an_ssh_server_has_its_algorithms() -> None:
    seen = ssh_server({"kex_algorithms": Fact(verdict=Verdict.YES, value=SSH_METHODS)})
    text = text_of(seen)
    assert VALIDATOR.validate_str(text) is None
    found, components = assets(json.loads(text), "SSH 2.0")
    assert (found["type"], found["version"]) == ("ssh", "2.0")
    listed = [components[one["ref"]] for one in found["relatedCryptographicAssets"]]
    assert {one["name"]: level(one) for one in listed} == {
        # FIPS 203, table 2; NIST states no category for sntrup761.
        "mlkem768x25519-sha256": 3,
        "sntrup761x25519-sha512": None,
        "curve25519-sha256": 0,
        "ssh-ed25519": 0,
        "aes256-gcm@openssh.com": 5,
        "3des-cbc": None,
        "hmac-sha2-256": None,
    }
    assert json.loads(text)["services"][0]["endpoints"] == ["ssh://ssh.example:22"]
    assert verify_report(text).is_intact


def test_an_ike_responder_has_the_transforms_by_their_names_at_iana() -> None:
    names = ("encryption_aes_gcm_16_256", "prf_hmac_sha2_384", "key_exchange_ecp_384")
    more = ("integrity_hmac_sha2_256_128", "additional_key_exchange_ml_kem_768")
    accepts = Fact(verdict=Verdict.YES, evidence=PROOF)
    seen = ike_responder(dict.fromkeys((*names, *more), accepts))
    text = text_of(seen)
    assert VALIDATOR.validate_str(text) is None
    found, components = assets(json.loads(text), "IKEv2")
    transforms = found["ikev2TransformTypes"]
    (encryption,) = transforms["encr"]
    assert (encryption["name"], encryption["keyLength"]) == ("ENCR_AES_GCM_16", 256)
    assert level(components[encryption["algorithm"]]) == 5
    assert [one["name"] for one in transforms["prf"]] == ["PRF_HMAC_SHA2_384"]
    assert [one["name"] for one in transforms["integ"]] == ["AUTH_HMAC_SHA2_256_128"]
    levels = {one["group"]: level(components[one["algorithm"]]) for one in transforms["ke"]}
    assert levels == {20: 0, 36: 3}
    assert verify_report(text).is_intact


@given(st.text(), st.text())
def test_any_names_of_algorithms_of_ssh_are_written(methods: str, keys: str) -> None:
    lists = {"kex_algorithms": methods, "server_host_key_algorithms": keys}
    seen = {name: Fact(verdict=Verdict.YES, value=value) for name, value in lists.items()}
    assert VALIDATOR.validate_str(text_of(ssh_server(seen))) is None


def test_equal_endpoints_share_their_components() -> None:
    one, other = modern("a.example"), modern("b.example")
    alone, both = (json.loads(text_of(*some)) for some in ((one,), (one, other)))
    assert both["components"] == alone["components"]
    assert len(both["services"]) == 2


def test_ten_thousand_endpoints_need_less_than_sixty_megabytes() -> None:
    """By the bytes that one more endpoint adds, with every known fact and a certificate of its own."""

    def endpoint(number: int) -> Observation:
        leaf = replace(certificate(), sha256=f"{number:064x}", public_key_sha256=f"{number:064x}")
        proved = Fact(verdict=Verdict.NO, evidence=PROOF)
        return replace(
            modern(f"host-{number:05}.department.example"),
            features=dict.fromkeys(FEATURES, proved),
            vulnerabilities=dict.fromkeys(VULNERABILITIES, proved),
            certificates=(deployment(leaf=leaf),),
        )

    few, more = (len(text_of(*map(endpoint, range(count)))) for count in (10, 30))
    for_one = (more - few) / 20
    assert few + 10_000 * for_one < 60_000_000


def test_it_is_written_in_pieces() -> None:
    form, made = report_format("cbom"), bill_of(facts(), legacy())
    pieces: list[str] = []
    form.write_to(made, pieces.append)
    assert "".join(pieces) == form.write(made)
    assert max(map(len, pieces)) < len(form.write(made)) / 2


def test_an_intact_bill_is_verified_alone_and_by_its_proofs() -> None:
    text = text_of(facts(), legacy())
    scan = "".join(json.dumps(to_json(one)) + "\n" for one in (facts(), legacy()))
    for found in (verify_report(text), verify_report(text, scan)):
        assert found.is_intact
        assert found.format == "cbom"


def test_a_changed_bill_is_not_intact() -> None:
    text = text_of(facts())
    changed = text.replace('"value":"no"', '"value":"yes"', 1)
    assert changed != text
    assert not verify_report(changed).is_intact


def test_a_proof_with_other_bytes_is_found() -> None:
    text = text_of(facts())
    other = replace(
        facts(), features={**facts().features, "alpn": Fact(verdict=Verdict.YES, value="h2")}
    )
    found = verify_report(text, json.dumps(to_json(other)))
    assert found.stated == found.computed
    assert found.problem is not None
    assert "features:alpn" in found.problem
    elsewhere = verify_report(text, json.dumps(to_json(legacy())))
    assert elsewhere.problem is not None
    assert "not in the file of --data" in elsewhere.problem


def with_own_digest(document: Any) -> str:
    """The changed document with the SHA-256 of its content, as one who forges it would write it."""
    rest = {name: value for name, value in document.items() if name != "properties"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    stated = [{"name": "tlsprobe:sha256", "value": hashlib.sha256(written.encode()).hexdigest()}]
    return f'{written[:-1]},"properties":{json.dumps(stated)}}}\n'


def _no_components(document: Any) -> None:
    document["components"] = document["components"][:1]


def _no_verdict(document: Any) -> None:
    document["components"][0]["properties"][0]["value"] = "perhaps"


def _no_digest(document: Any) -> None:
    document["services"][0]["properties"][-1]["value"] += "x"


def _fewer_proofs(document: Any) -> None:
    document["services"][0]["properties"][-1]["value"] = "-"


def _twice(document: Any) -> None:
    document["services"].append(document["services"][0])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_no_components, "does not define"),
        (_no_verdict, "is neither yes, no, unknown nor not asked"),
        (_no_digest, "is not a SHA-256 in base64url"),
        (_fewer_proofs, "do not belong together"),
        (_twice, "the same bom-ref"),
    ],
)
def test_a_bill_whose_parts_contradict_each_other_is_not_intact(change: Any, problem: str) -> None:
    # With one endpoint whose last fact has a proof, the last property is a hash.
    document = json.loads(text_of(modern()))
    change(document)
    found = verify_report(with_own_digest(document))
    assert found.stated == found.computed
    assert not found.is_intact
    assert problem in (found.problem or "")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"bomFormat":"CycloneDX"}', None),
        ('{"bomFormat":"CycloneDX","components":3,"properties":[]}', None),
        (text_of(modern()), "no JSON"),
        (text_of(modern()), "{}"),
    ],
    ids=["no member", "other types", "no scan result", "another object"],
)
def test_what_cannot_be_verified_is_refused(text: str, data: str | None) -> None:
    with pytest.raises(NotAReportError):
        verify_report(text, data)


@pytest.mark.integration
def test_jq_computes_the_same_hashes(tmp_path: Path) -> None:
    (tmp_path / "cbom.json").write_text(text_of(facts()))
    (tmp_path / "scan.jsonl").write_text(json.dumps(to_json(facts())))

    def hashed(query: str, file: str) -> str:
        canonical = f"jq --compact-output --sort-keys --ascii-output '{query}' {file}"
        done = subprocess.run(
            ["bash", "-c", f"{canonical} | tr -d '\\n' | sha256sum"],
            cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.split()[0]

    document = json.loads(text_of(facts()))
    assert hashed("del(.properties)", "cbom.json") == properties(document)["tlsprobe:sha256"]
    assert hashed("[.features.alpn.evidence]", "scan.jsonl") == PROOF_SHA256.hex()
