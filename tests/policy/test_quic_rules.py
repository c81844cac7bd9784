"""Rules on the QUIC side of an endpoint; a port without QUIC, and one that was not asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from exporters.terminal.scan_report import render_report
from model.findings.finding import Outcome
from model.intrusiveness import Intrusiveness
from model.verdict import Fact, Verdict
from tests.exporters.test_inventory import series
from tests.policy.observed import AT, endpoint, policy, results

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
MOOT, NOT_ASKED = Outcome.NOT_APPLICABLE, Outcome.NOT_ASKED


def yes(value: str | None = None) -> Fact:
    return Fact(verdict=Verdict.YES, value=value)


NO, OPEN = Fact(verdict=Verdict.NO), Fact(verdict=Verdict.UNKNOWN)
V1 = {"quic_v1": yes()}


@pytest.mark.parametrize(
    ("rule", "parameters", "quic", "outcome"),
    [
        ("quic_same_as_tcp", {}, V1 | {"quic_same_groups": yes()}, PASS),
        ("quic_same_as_tcp", {}, V1, UNKNOWN),
        (
            "quic_same_as_tcp",
            {},
            {
                "quic_same_cipher_suites": OPEN,
                "quic_same_groups": Fact(verdict=Verdict.NO, value="only over QUIC: x25519"),
            },
            FAIL,
        ),
        ("quic_same_as_tcp", {}, {"quic_same_cipher_suites": OPEN}, UNKNOWN),
        ("quic_allowed", {"groups": ["x25519"]}, {"quic_groups": yes("x25519")}, PASS),
        ("quic_allowed", {"groups": ["x25519"]}, {"quic_groups": yes("x25519, x448")}, FAIL),
        (
            "quic_allowed",
            {"groups": ["x25519"]},
            {"quic_groups": Fact(verdict=Verdict.UNKNOWN, value="x25519, x448")},
            FAIL,
        ),
        (
            "quic_allowed",
            {"groups": ["x25519"]},
            {"quic_groups": Fact(verdict=Verdict.UNKNOWN, value="x25519")},
            UNKNOWN,
        ),
        ("quic_allowed", {"cipher_suites": ["TLS_AES_128_GCM_SHA256"]}, V1, UNKNOWN),
        ("quic_post_quantum", {}, {"quic_post_quantum": yes("X25519MLKEM768")}, PASS),
        ("quic_post_quantum", {}, {"quic_post_quantum": NO}, FAIL),
        ("quic_early_data", {}, {"quic_early_data": yes()}, FAIL),
        ("quic_early_data", {}, {"quic_early_data": NO}, PASS),
        ("quic_early_data", {}, V1, UNKNOWN),
    ],
)
def test_the_rule_judges_the_facts(
    rule: str, parameters: dict[str, Any], quic: Mapping[str, Fact], outcome: Outcome
) -> None:
    (result,) = results(endpoint(quic=quic), policy("quic", {rule: parameters}))
    assert result.outcome is outcome, result


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"http": {"http3": NO}}, MOOT),
        ({"http": {"http3": OPEN}}, UNKNOWN),
        ({}, UNKNOWN),
        ({"not_asked": {"quic_v1": Intrusiveness.STANDARD}}, NOT_ASKED),
    ],
    ids=["closed", "silent", "not probed", "not asked"],
)
def test_without_facts_nothing_is_violated(changes: dict[str, Any], outcome: Outcome) -> None:
    rules = {"quic_same_as_tcp": {}, "quic_post_quantum": {}, "quic_allowed": {"groups": ["x"]}}
    found = results(endpoint(**changes), policy("quic", rules))
    assert {one.outcome for one in found} == {outcome}


def test_a_rule_that_allows_everything_is_refused() -> None:
    with pytest.raises(ValidationError, match="allows everything"):
        policy("quic", {"quic_allowed": {}})


def test_report_and_metrics_show_what_is_known() -> None:
    quic = {
        "quic_same_groups": Fact(verdict=Verdict.NO, value="only over QUIC: x\x1b[31m"),
        "quic_groups": yes("x25519"),
        "quic_post_quantum": OPEN,
    }
    text = render_report(endpoint(quic=quic), AT)
    assert "same groups as over TCP (only over QUIC: x" in " ".join(text.split())
    assert "\x1b" not in text
    assert list(series(endpoint(quic=quic))["quic"].values()) == [0.0]
