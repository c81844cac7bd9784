"""Rules on HTTPS and SVCB records and on the published key of ECH; what is unknown is not a violation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from model.findings.finding import Outcome
from model.observation import Observation
from model.verdict import Fact
from tests.policy.observed import NO, PROOF, UNKNOWN, YES, endpoint, ruling

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
MOOT = Outcome.NOT_APPLICABLE
STRAY = replace(NO, value="192.0.2.1")
UNUSABLE = replace(NO, value="unusable")
FOUND = {"service_binding": YES, "service_binding_port": YES, "ech_published": NO}


def observed(features: Mapping[str, Fact], protocol: str = "tls") -> Observation:
    seen = endpoint()
    target = replace(seen.endpoint.target, protocol=protocol)
    place = replace(seen.endpoint, target=target)
    return replace(seen, endpoint=place, features={**seen.features, **features})


@pytest.mark.parametrize(
    ("features", "outcome"),
    [
        ({}, OPEN),
        ({"service_binding": UNKNOWN}, OPEN),
        ({"service_binding": NO}, MOOT),
        (FOUND, PASS),
        (FOUND | {"service_binding_alpn": YES, "service_binding_hints": YES}, PASS),
        (FOUND | {"service_binding_alpn": UNKNOWN}, OPEN),
        (FOUND | {"service_binding_alpn": UNKNOWN, "service_binding_port": NO}, FAIL),
        (FOUND | {"service_binding_alpn": NO}, FAIL),
        (FOUND | {"service_binding_hints": STRAY}, FAIL),
        (FOUND | {"ech_published": UNUSABLE}, FAIL),
    ],
)
def test_records_must_agree_with_the_server(features: Mapping[str, Fact], outcome: Outcome) -> None:
    found = ruling("service_binding_matches", observed(features))
    assert found.outcome is outcome
    assert (found.violation != "") is (outcome is FAIL)


def test_a_mismatch_is_named_with_its_value_and_its_proof() -> None:
    features = FOUND | {"service_binding_hints": STRAY}
    found = ruling("service_binding_matches", observed(features))
    text = "an address hint is not an address of the host (192.0.2.1)"
    assert found.violation == f"HTTPS or SVCB record: {text}"
    assert found.evidence == PROOF


@pytest.mark.parametrize("rule", ["service_binding_matches", "ech_key_accepted"])
def test_a_protocol_without_such_records_is_not_judged(rule: str) -> None:
    assert ruling(rule, observed({}, "smtp")).outcome is MOOT


@pytest.mark.parametrize(
    ("features", "outcome"),
    [
        ({}, OPEN),
        ({"service_binding": UNKNOWN}, OPEN),
        ({"service_binding": NO}, MOOT),
        (FOUND, MOOT),
        (FOUND | {"ech_key_accepted": YES}, PASS),
        (FOUND | {"ech_key_accepted": UNKNOWN}, OPEN),
        (FOUND | {"ech_key_accepted": NO}, FAIL),
        ({"ech_key_accepted": replace(NO, value="public.test")}, FAIL),
    ],
)
def test_the_published_key_must_be_accepted(features: Mapping[str, Fact], outcome: Outcome) -> None:
    found = ruling("ech_key_accepted", observed(features))
    assert found.outcome is outcome
    assert "ech_key_accepted" not in features or found.evidence == PROOF
