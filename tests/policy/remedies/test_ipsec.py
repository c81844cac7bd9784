"""Lines for strongSwan and libreswan: each accepts its own, and they resolve the findings on a real responder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.clock import SystemClock
from model.findings.finding import Outcome, RuleResult
from model.intrusiveness import Intrusiveness
from model.observation import Observation
from model.registry.ike_transforms import TRANSFORMS, TransformType
from model.target import Endpoint, Target
from model.verdict import Fact, Verdict
from policy import assess, profile
from policy.remediation import demands_of, remedy
from policy.remediation.ike_demands import ike_demands_of
from policy.remediation.servers.ipsec import LIBRESWAN, STRONGSWAN
from probe.visit.engine import Engine
from tests.policy.remedies.weak_servers import applied
from tests.probe.ike.servers import libreswan, strongswan
from tests.zoo.visit import UNHURRIED

POLICIES = (profile("ikev2-algorithms"),)
FULL = replace(UNHURRIED, answer_timeout_seconds=1.0, intrusiveness=Intrusiveness.FULL)
EVERY = [one for every in TRANSFORMS.values() for one in every]

WEAK_STRONGSWAN = (
    "version = 0",
    "aggressive = yes",
    "proposals = aes128-aes256-3des-sha256-sha1-modp2048-modp1024,aes256gcm16-prfsha384-prfsha1-ecp384-modp1024",
)
SHARED = "prfsha256-prfsha384-ecp384-modp2048"
AGGRESSIVE_KEYS = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"
WEAK_LIBRESWAN = ("ikev2=yes", "ike=3des+aes256-sha1+sha2_256;modp1536+modp2048")


async def visited(port: int, server: str) -> Observation:
    target = Target(
        host="127.0.0.1", port=port, server_name=None, protocol="ike", labels={"server": server}
    )
    endpoint = Endpoint(target=target, address="127.0.0.1")
    return await Engine(FULL, SystemClock()).visit(endpoint)


def violations(seen: Observation) -> Mapping[str, RuleResult]:
    results = assess(seen, POLICIES, datetime.now(UTC)).results
    return {one.rule: one for one in results if one.outcome is Outcome.FAIL}


def lines_for(seen: Observation, found: Mapping[str, RuleResult]) -> Sequence[str]:
    remedies = [remedy(seen, result, POLICIES) for result in found.values()]
    assert None not in remedies
    return list(dict.fromkeys(line for one in remedies if one is not None for line in one.lines))


@pytest.mark.integration
async def test_the_lines_resolve_the_findings_at_strongswan(tmp_path: Path) -> None:
    for part in ("weak", "fixed"):
        (tmp_path / part).mkdir()
    with strongswan(tmp_path / "weak", "\n".join(WEAK_STRONGSWAN), AGGRESSIVE_KEYS) as port:
        weak = await visited(port, "strongswan")
    found = violations(weak)
    assert found.keys() == {
        "ikev1_main_mode",
        "ikev1_aggressive_mode",
        "ike_encryption",
        "ike_prf",
        "ike_integrity",
        "ike_key_exchange",
    }
    lines = lines_for(weak, found)
    assert lines == [
        "version = 2",
        f"proposals = aes256gcm16-{SHARED}, aes256-aes128-sha256-{SHARED}",
    ]
    fixed = "\n".join(applied(WEAK_STRONGSWAN, lines))
    with strongswan(tmp_path / "fixed", fixed, AGGRESSIVE_KEYS) as port:
        seen = await visited(port, "strongswan")
    assert violations(seen) == {}
    assert seen.ike["encryption_aes_gcm_16_256"].verdict is Verdict.YES


@pytest.mark.integration
async def test_the_lines_resolve_the_findings_at_libreswan(tmp_path: Path) -> None:
    for part in ("weak", "fixed"):
        (tmp_path / part).mkdir()
    with libreswan(tmp_path / "weak", *WEAK_LIBRESWAN) as port:
        weak = await visited(port, "libreswan")
    found = violations(weak)
    assert found.keys() == {"ike_encryption", "ike_prf", "ike_integrity", "ike_key_exchange"}
    lines = lines_for(weak, found)
    assert lines == ["ike=aes256-sha2_256;dh14"]
    with libreswan(tmp_path / "fixed", *applied(WEAK_LIBRESWAN, lines)) as port:
        seen = await visited(port, "libreswan")
    assert violations(seen) == {}
    assert seen.ike["encryption_aes_cbc_256"].verdict is Verdict.YES


@pytest.mark.integration
async def test_both_accept_what_the_profile_asks_of_any_responder(tmp_path: Path) -> None:
    demands = demands_of(POLICIES)
    assert demands is not None
    for part in ("strongswan", "libreswan"):
        (tmp_path / part).mkdir()
    swanctl = [line for one in STRONGSWAN.write(demands) for line in one.lines]
    with strongswan(tmp_path / "strongswan", "\n".join(swanctl)) as port:
        assert (await visited(port, "strongswan")).ike["ikev2"].verdict is Verdict.YES
    ipsec = [line for one in LIBRESWAN.write(demands) for line in one.lines]
    with libreswan(tmp_path / "libreswan", *ipsec) as port:
        assert (await visited(port, "libreswan")).ike["ikev2"].verdict is Verdict.YES


@given(names=st.sets(st.sampled_from(EVERY)))
def test_what_is_kept_is_accepted_and_allowed(names: set[object]) -> None:
    facts = {one.fact: Fact(verdict=Verdict.YES if one in names else Verdict.NO) for one in EVERY}
    rules = [rule for policy in POLICIES for rule in policy.rules]
    for kind, kept in ike_demands_of(rules, facts).kept.items():
        assert not any(one.is_weak for one in kept)
        good = {one for one in TRANSFORMS[kind] if one in names and not one.is_weak}
        assert set(kept) == good if good else kept
        if kind is TransformType.ADDITIONAL_KEY_EXCHANGE:
            assert good
