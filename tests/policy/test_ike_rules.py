"""Rules on IKE responders, and only they, judge such targets; what is unknown is not a violation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from model.findings.finding import Outcome
from model.intrusiveness import Intrusiveness
from model.observation import Observation, State
from model.registry.ike_transforms import TRANSFORMS
from model.target import Target
from model.verdict import Fact, Verdict
from policy import assess, profile
from tests.policy.observed import AT, endpoint, policy, results

PASS, FAIL, UNKNOWN, MOOT = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
YES, NO, OPEN = (Fact(verdict=verdict) for verdict in (Verdict.YES, Verdict.NO, Verdict.UNKNOWN))
NOTHING = {one.fact: NO for every in TRANSFORMS.values() for one in every}
MODERN = NOTHING | {
    "encryption_aes_gcm_16_256": YES,
    "prf_hmac_sha2_384": YES,
    "key_exchange_ecp_384": YES,
    "post_quantum_key_exchange": NO,
    "ikev1_main_mode": NO,
}


def ike_responder(facts: Mapping[str, Fact]) -> Observation:
    modern = endpoint()
    target = Target(host="vpn.example", port=500, server_name="vpn.example", protocol="ike")
    return replace(
        endpoint(protocols={}, cipher_suites={}, groups={}, certificates=(), client_auth={}),
        endpoint=replace(modern.endpoint, target=target),
        state=State.IKE,
        features={},
        vulnerabilities={},
        not_asked={"ikev1_aggressive_mode": Intrusiveness.FULL},
        ike=dict(facts),
    )


@pytest.mark.parametrize(
    ("rule", "parameters", "facts", "outcome"),
    [
        ("ikev1_main_mode", {}, {}, PASS),
        ("ikev1_main_mode", {}, {"ikev1_main_mode": YES}, FAIL),
        ("ikev1_main_mode", {}, {"ikev1_main_mode": OPEN}, UNKNOWN),
        ("ikev1_aggressive_mode", {}, {}, Outcome.NOT_ASKED),
        ("ikev1_aggressive_mode", {}, {"ikev1_aggressive_mode": YES}, FAIL),
        ("ike_encryption", {}, {}, PASS),
        ("ike_encryption", {}, {"encryption_3des": YES}, FAIL),
        ("ike_encryption", {}, {"encryption_3des": OPEN}, UNKNOWN),
        ("ike_encryption", {}, {"encryption_aes_cbc_128": OPEN}, PASS),
        ("ike_encryption", {"allowed": ["aes_cbc_256"]}, {}, FAIL),
        ("ike_prf", {}, {"prf_hmac_md5": YES}, FAIL),
        ("ike_integrity", {}, {}, MOOT),
        ("ike_integrity", {}, {"integrity_hmac_sha1_96": YES}, FAIL),
        ("ike_key_exchange", {}, {"key_exchange_modp_1024": YES}, FAIL),
        ("ike_key_exchange", {}, {"key_exchange_modp_2048": YES}, PASS),
        ("ike_post_quantum", {}, {}, FAIL),
        ("ike_post_quantum", {}, {"post_quantum_key_exchange": YES}, PASS),
        ("ike_post_quantum", {}, {"post_quantum_key_exchange": OPEN}, UNKNOWN),
    ],
)
def test_each_rule_judges_its_facts(
    rule: str, parameters: Mapping[str, Any], facts: Mapping[str, Fact], outcome: Outcome
) -> None:
    (result,) = results(ike_responder(MODERN | dict(facts)), policy("ike", {rule: parameters}))
    assert result.outcome is outcome


def test_an_ike_responder_is_judged_by_policies_with_rules_on_ike_alone() -> None:
    names = ("mozilla-modern", "mozilla-openssh", "ikev2-algorithms")
    policies = [profile(name) for name in names]
    assert set(assess(ike_responder(MODERN), policies, AT).policies) == {"ikev2-algorithms"}
    assert set(assess(endpoint(), policies, AT).policies) == {"mozilla-modern"}


def test_an_unknown_transform_is_refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="unknown transforms: aes_cbc_512"):
        policy("ike", {"ike_encryption": {"allowed": ["aes_cbc_512"]}})
