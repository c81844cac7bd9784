"""The facts of strongSwan and libreswan are what their configurations say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.intrusiveness import Intrusiveness
from model.judging.ike import accepted
from model.observation import Observation, State
from model.registry.ike_transforms import TransformType
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.ike.servers import libreswan, strongswan
from tests.probe.recording.recorded import record, replay
from tests.zoo.visit import UNHURRIED

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
QUICK = replace(UNHURRIED, answer_timeout_seconds=1.0)
"""IKEv1 is often answered by silence."""
FULL = replace(QUICK, intrusiveness=Intrusiveness.FULL)
MODERN = "version = 2\nproposals = aes256-sha256-modp2048,aes128gcm16-prfsha384-ecp384-x25519"
OLD = "version = 0\naggressive = yes\nproposals = aes128-sha256-modp1024,3des-sha1-modp1024"
AGGRESSIVE_KEYS = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"


def endpoint(port: int) -> Endpoint:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ike")
    return Endpoint(target=target, address="127.0.0.1")


async def visit(port: int, settings: ProbeSettings = FULL) -> Observation:
    return await Engine(settings, SystemClock()).visit(endpoint(port))


def transforms(seen: Observation) -> dict[str, set[str]]:
    """The accepted transforms by type; fails if one of them is not decided."""
    assert not [name for name, fact in seen.ike.items() if "_" in name and is_open(name, seen)]
    return {kind.name: {one.name for one in accepted(seen.ike, kind)} for kind in TransformType}


def is_open(name: str, seen: Observation) -> bool:
    kinds = tuple(f"{kind.name.lower()}_" for kind in TransformType)
    return name.startswith(kinds) and seen.ike[name].verdict is UNKNOWN


async def test_strongswan_accepts_what_its_proposals_say(tmp_path: Path) -> None:
    with strongswan(tmp_path, MODERN) as port:
        recorded = await record(endpoint(port), FULL)
    seen = recorded.observation
    assert (seen.state, seen.reason) == (State.IKE, None)
    assert transforms(seen) == {
        "ENCRYPTION": {"aes_cbc_256", "aes_gcm_16_128"},
        "PRF": {"hmac_sha2_256", "hmac_sha2_384"},
        "INTEGRITY": {"hmac_sha2_256_128"},
        "KEY_EXCHANGE": {"modp_2048", "ecp_384", "curve25519"},
        "ADDITIONAL_KEY_EXCHANGE": set(),
    }
    facts = seen.ike
    assert {facts[name].verdict for name in ("ikev2", "fragmentation", "nat_detection")} == {YES}
    assert facts["proposal"].value == "aes_cbc_256,hmac_sha2_256_128,hmac_sha2_256,modp_2048"
    # strongSwan has the plugins for SHA-2, and Ed25519 makes the hash Identity useful.
    assert facts["signature_hash_algorithms"].value == "sha2-256,sha2-384,sha2-512,identity"
    no = ("cookie", "redirect", "ikev1_main_mode", "ikev1_aggressive_mode")
    assert {facts[name].verdict for name in (*no, "post_quantum_key_exchange")} == {NO}
    assert not [name for name, fact in facts.items() if fact.evidence is None]
    again = await replay(recorded.recording, FULL)
    assert (again.state, again.ike) == (seen.state, seen.ike)


async def test_strongswan_with_ikev1_and_old_transforms(tmp_path: Path) -> None:
    with strongswan(tmp_path, OLD, AGGRESSIVE_KEYS) as port:
        recorded = await record(endpoint(port), FULL)
    facts = recorded.observation.ike
    assert (
        facts["ikev1_main_mode"].value == "aes128, sha1, group 2, pre-shared key"
        or facts["ikev1_main_mode"].value == "3des, sha1, group 2, pre-shared key"
    )
    aggressive = facts["ikev1_aggressive_mode"]
    assert (aggressive.verdict, aggressive.value) == (
        YES,
        "aes128, sha256, group 2, pre-shared key",
    )
    found = transforms(recorded.observation)
    assert found["ENCRYPTION"] == {"aes_cbc_128", "3des"}
    assert found["INTEGRITY"] == {"hmac_sha2_256_128", "hmac_sha1_96"}
    assert found["KEY_EXCHANGE"] == {"modp_1024"}
    # The hash that would let a reader guess the key is neither in the evidence nor in the recording.
    assert aggressive.evidence is not None
    assert (aggressive.evidence.answer or b"").endswith(bytes(32))
    assert recorded.recording.conversations[-1].heard[-1] == aggressive.evidence.answer


async def test_strongswan_asks_for_cookies_while_it_has_half_open_sas(tmp_path: Path) -> None:
    with strongswan(tmp_path, MODERN, "cookie_threshold = 1") as port:
        first, second = await visit(port), await visit(port)
    assert first.ike["cookie"].verdict is NO
    assert second.ike["cookie"].verdict is YES
    assert transforms(second) == transforms(first)


async def test_aggressive_mode_needs_the_level_full(tmp_path: Path) -> None:
    with strongswan(tmp_path, OLD, AGGRESSIVE_KEYS) as port:
        seen = await visit(port, replace(FULL, intrusiveness=Intrusiveness.STANDARD))
    assert "ikev1_aggressive_mode" not in seen.ike
    assert seen.not_asked == {"ikev1_aggressive_mode": Intrusiveness.FULL}


async def test_libreswan_accepts_what_its_proposals_say(tmp_path: Path) -> None:
    proposals = "ike=aes256-sha2_256;modp2048,aes_gcm128-sha2_512;dh19+dh31"
    with libreswan(tmp_path, "ikev2=insist", proposals, "ppk=insist") as port:
        seen = await visit(port, QUICK)
    assert seen.state is State.IKE
    assert transforms(seen) == {
        "ENCRYPTION": {"aes_cbc_256", "aes_gcm_16_128"},
        "PRF": {"hmac_sha2_256", "hmac_sha2_512"},
        "INTEGRITY": {"hmac_sha2_256_128"},
        "KEY_EXCHANGE": {"modp_2048", "ecp_256", "curve25519"},
        "ADDITIONAL_KEY_EXCHANGE": set(),
    }
    assert seen.ike["post_quantum_preshared_key"].verdict is YES
    # It drops IKEv1 of an address that has only connections of IKEv2.
    assert seen.ike["ikev1_main_mode"].verdict is UNKNOWN


async def test_libreswan_with_ikev1_alone(tmp_path: Path) -> None:
    with libreswan(tmp_path, "ikev2=no", "ike=aes256-sha1;modp2048") as port:
        seen = await visit(port, QUICK)
    main_mode = seen.ike["ikev1_main_mode"]
    assert (main_mode.verdict, main_mode.value) == (YES, "aes256, sha1, group 14, pre-shared key")
    # NO_PROPOSAL_CHOSEN to everything may be about this client, and disproves no transform.
    assert seen.ike["ikev2"].verdict is YES
    assert seen.ike["encryption_aes_cbc_256"].verdict is UNKNOWN
