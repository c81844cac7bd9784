"""Chains verify as they do with OpenSSL's own command, and a refusal has a reason."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from OpenSSL import SSL

from model.certificates.certificate import TrustFailure, TrustVerdict
from model.verdict import Verdict
from pki.certificates import TrustStore, load_trust_store, parse_certificate
from tests.pki.certificates.making import DAY, NOW, Made, make
from tests.pki.certificates.scenarios import (
    LEAF,
    LOWER,
    POST_QUANTUM,
    ROOT,
    SCENARIOS,
    UPPER,
    Scenario,
)

UNREADABLE = b"\x30\x03\x02\x01\x01"


def trusting(*anchors: Made) -> TrustStore:
    return TrustStore("test", lambda: [each.der for each in anchors])


def verify(scenario: Scenario) -> TrustVerdict:
    chain = [parse_certificate(each.der) for each in scenario.sent]
    return trusting(*scenario.anchors).verify(chain, NOW)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_verdict_has_its_reason(name: str) -> None:
    scenario = SCENARIOS[name]
    verdict = Verdict.YES if scenario.reason is None else Verdict.NO
    found = verify(scenario)
    assert (found.verdict, found.reason) == (verdict, scenario.reason)
    if found.strict is Verdict.YES:
        assert found.verdict is Verdict.YES, "a strict reader took what OpenSSL refuses"
    else:
        assert found.strict_reason


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_problem_that_only_a_verifier_finds_has_a_name(name: str) -> None:
    expected = {
        "for clients": TrustFailure.PURPOSE,
        "CA for clients": TrustFailure.PURPOSE,
        "may not sign": TrustFailure.PURPOSE,
        "outside the name constraints": TrustFailure.NAME_CONSTRAINT,
    }
    assert verify(SCENARIOS[name]).failure is expected.get(name)


@pytest.mark.integration
@pytest.mark.parametrize("name", SCENARIOS)
def test_openssl_verify_has_the_same_verdict(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    leaf, *others = scenario.sent
    arguments = ["openssl", "verify", "-partial_chain", "-purpose", "sslserver"]
    arguments += ["-attime", str(int(NOW.timestamp())), "-no-CApath", "-no-CAstore"]
    arguments += ["-CAfile", _file(tmp_path / "anchors.pem", scenario.anchors)]
    if others:
        arguments += ["-untrusted", _file(tmp_path / "untrusted.pem", others)]
    arguments.append(_file(tmp_path / "leaf.pem", [leaf]))
    answer = subprocess.run(arguments, capture_output=True, text=True, check=False)
    openssl = Verdict.YES if answer.returncode == 0 else Verdict.NO
    assert verify(scenario).verdict is openssl, answer.stdout + answer.stderr


def _file(path: Path, certificates: tuple[Made, ...] | list[Made]) -> str:
    path.write_bytes(b"".join(each.pem for each in certificates))
    return str(path)


def test_a_post_quantum_chain_verifies() -> None:
    assert verify(POST_QUANTUM).verdict is Verdict.YES


def test_the_assessment_time_is_the_given_one() -> None:
    store = trusting(ROOT)
    chain = [parse_certificate(each.der) for each in (LEAF, LOWER, UPPER)]
    verdicts = [store.verify(chain, NOW + days * DAY).verdict for days in (0, 31, 0, -31, 0)]
    assert verdicts == ["yes", "no", "yes", "no", "yes"]


def test_a_leaf_that_cannot_be_read_is_unknown() -> None:
    found = trusting(ROOT).verify([parse_certificate(UNREADABLE)], NOW)
    reason = "The leaf cannot be read."
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, reason)
    assert (found.strict, found.strict_reason) == (Verdict.UNKNOWN, reason)


def test_an_unreadable_certificate_may_be_the_missing_one() -> None:
    chain = [parse_certificate(der) for der in (LEAF.der, LOWER.der, UNREADABLE)]
    found = trusting(ROOT).verify(chain, NOW)
    assert found.verdict is Verdict.UNKNOWN
    assert found.reason == ("An issuer is missing, and a certificate of the chain cannot be read.")


def test_an_unreadable_certificate_next_to_a_sound_path_does_no_harm() -> None:
    chain = [parse_certificate(der) for der in (LEAF.der, LOWER.der, UNREADABLE, UPPER.der)]
    assert trusting(ROOT).verify(chain, NOW).verdict is Verdict.YES


def test_a_refused_signature_does_not_affect_the_next_connection_of_the_thread() -> None:
    verify(SCENARIOS["signed by an impostor"])
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()


def test_a_name_with_braces_is_reported_unchanged() -> None:
    hostile = make("{subject} {0} {", issuer=ROOT, valid_to=NOW - DAY)
    found = trusting(ROOT).verify([parse_certificate(hostile.der)], NOW)
    assert found.reason == "CN={subject} {0} { has expired."


def test_the_bundle_of_certifi_trusts_only_its_roots() -> None:
    mozilla = load_trust_store("mozilla", None)
    chain = [parse_certificate(each.der) for each in (LEAF, LOWER, UPPER)]
    assert mozilla.verify(chain, NOW).verdict is Verdict.NO
