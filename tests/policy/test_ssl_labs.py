"""SSL Labs' rating by its guide: the cap of each fault, and that unknown facts never improve the grade."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model.certificates.certificate import KeyType, Problem, TrustVerdict
from model.findings.finding import Outcome
from model.judging.ssl_labs import GRADES, grade
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from policy.fact_names import VULNERABILITIES
from tests.policy.observed import AT, NO, UNKNOWN, YES, accepting, endpoint, ruling, speaking
from tests.service.samples import certificate, deployment

TLS10, TLS12, TLS13 = (
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
HSTS = {"hsts": Fact(verdict=Verdict.YES, value="31536000")}
SOUND = dict.fromkeys((one for one in VULNERABILITIES if one != "starttls_injection"), NO)


def best(**changes: Any) -> Observation:
    """An endpoint that gets an A+."""
    features = {"secure_renegotiation": YES, "grease_tolerance": YES}
    return endpoint(vulnerabilities=SOUND, features=features, http=HSTS, **changes)


def with_suite(name: str, version: ProtocolVersion = TLS12) -> dict[ProtocolVersion, Any]:
    sets = dict(endpoint().cipher_suites)
    names = sets[version].accepted if version in sets else ()
    return {**sets, version: accepting((*names, name))}


def test_a_sound_server_gets_an_a_plus() -> None:
    found = grade(best(), AT)
    assert (found.letter, found.reasons, found.unknown) == ("A+", (), ())
    # (100 + 100) / 2, an EC key of 256 bits, (100 + 80) / 2
    assert found.score == 96


@pytest.mark.parametrize(
    ("changes", "letter", "reason"),
    [
        ({"http": {"hsts": NO}}, "A", "HSTS"),
        ({"protocols": speaking({TLS12: YES})}, "A-", "TLS 1.3 is not offered"),
        (
            {"protocols": speaking({TLS10: YES, TLS12: YES, TLS13: YES})},
            "B",
            "TLS 1.0 or TLS 1.1 is offered",
        ),
        ({"protocols": speaking({ProtocolVersion.SSLV3: YES, TLS13: YES})}, "B", "SSL 3.0"),
        ({"protocols": speaking({TLS10: YES})}, "C", "no version is TLS 1.2 or better"),
        ({"cipher_suites": with_suite("TLS_ECDHE_RSA_WITH_RC4_128_SHA")}, "C", "RC4"),
        ({"cipher_suites": with_suite("TLS_RSA_WITH_3DES_EDE_CBC_SHA")}, "C", "64-bit"),
        ({"vulnerabilities": {**SOUND, "poodle_ssl3": YES}}, "C", "POODLE"),
        ({"cipher_suites": with_suite("TLS_RSA_EXPORT_WITH_RC4_40_MD5")}, "F", "for export"),
        ({"protocols": speaking({ProtocolVersion.SSLV2: YES, TLS13: YES})}, "F", "SSL 2.0"),
        ({"vulnerabilities": {**SOUND, "heartbleed": YES}}, "F", "Heartbleed"),
        ({"certificates": (deployment(Problem.INCOMPLETE),)}, "T", "may be missing"),
        ({"certificates": (deployment(leaf=certificate(days_left=-1)),)}, "T", "not valid now"),
        (
            {"certificates": (replace(deployment(), hostname_matches=Verdict.NO),)},
            "M",
            "other names",
        ),
    ],
)
def test_a_fault_caps_the_grade_and_is_reported(
    changes: dict[str, Any], letter: str, reason: str
) -> None:
    found = grade(replace(best(), **changes), AT)
    assert found.letter == letter
    assert any(reason in one for one in found.reasons)


def test_the_weakest_key_counts() -> None:
    leaf = replace(certificate(), key_type=KeyType.RSA, key_bits=1024)
    chain = replace(deployment(leaf=leaf), key_type=KeyType.RSA)
    found = grade(best(certificates=(chain,)), AT)
    assert (found.letter, found.score) == ("B", 90)


def test_an_unknown_fact_can_only_make_the_grade_worse() -> None:
    doubtful = best()
    doubtful = replace(doubtful, vulnerabilities={**SOUND, "robot": UNKNOWN})
    assert ruling("ssl_labs_grade", doubtful, minimum="A").outcome is Outcome.UNKNOWN
    assert ruling("ssl_labs_grade", best(), minimum="A").outcome is Outcome.PASS


def test_an_unprobed_hsts_matters_only_for_the_best_grade() -> None:
    silent = replace(best(), http={})
    assert ruling("ssl_labs_grade", silent, minimum="A+").outcome is Outcome.UNKNOWN
    assert ruling("ssl_labs_grade", silent, minimum="A").outcome is Outcome.PASS


def test_the_grade_is_t_only_if_no_store_trusts() -> None:
    both = {
        "mozilla": TrustVerdict(verdict=Verdict.NO),
        "internal": TrustVerdict(verdict=Verdict.YES),
    }
    assert grade(best(certificates=(replace(deployment(), trust=both),)), AT).letter == "A+"


def test_grades_are_ordered() -> None:
    assert GRADES.index("A+") < GRADES.index("A-") < GRADES.index("F") < GRADES.index("T")
