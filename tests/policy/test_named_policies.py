"""From an Observation to the AWS policies that match it."""

from __future__ import annotations

from dataclasses import replace

from model.certificates.certificate import KeyType, ServedChain
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from policy.files.named_policies import named_policies, policies_that_give
from tests.policy.observed import YES, accepting, endpoint, speaking
from tests.service.samples import deployment

TLS12, TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
GROUPS = ("x25519", "secp256r1", "secp384r1")


def served(name: str, *keys: KeyType) -> Observation:
    """The facts of a load balancer with that policy, as seen by a client that gets its certificates of ``keys``."""
    named = named_policies()[name]
    kinds = {"any", *(key.value.upper() for key in keys)}
    chains: tuple[ServedChain, ...] = tuple(
        replace(deployment(), key_type=key) for key in keys or (KeyType.RSA,)
    )
    sets = {
        version: accepting(
            sorted(
                suite
                for suite in named.suites_at(version)
                if version is TLS13 or any(f"_{kind}_" in suite for kind in kinds)
            )
        )
        for version in named.protocols
    }
    return endpoint(
        protocols=speaking(dict.fromkeys(named.protocols, YES)),
        cipher_suites=sets,
        groups=dict.fromkeys(
            {max(named.protocols), TLS12} & set(named.protocols), accepting(GROUPS)
        ),
        certificates=chains,
    )


def test_exactly_one_policy_matches_its_own_server() -> None:
    found = policies_that_give(served("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", KeyType.RSA))
    assert [one.name for one in found.policies] == ["ELBSecurityPolicy-TLS13-1-2-Res-2021-06"]


def test_indistinguishable_policies_are_all_named() -> None:
    found = policies_that_give(served("ELBSecurityPolicy-2016-08", KeyType.RSA))
    assert "ELBSecurityPolicy-2016-08" in [one.name for one in found.policies]


def test_an_unproved_configuration_matches_nothing_and_has_a_reason() -> None:
    observation = served("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", KeyType.RSA)
    sets = dict(observation.cipher_suites)
    sets[TLS12] = replace(sets[TLS12], complete=False)
    found = policies_that_give(replace(observation, cipher_suites=sets))
    assert found.policies == ()
    assert found.unknown == ("every cipher suite of TLS 1.2",)


def test_an_extra_suite_is_another_policy() -> None:
    observation = served("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", KeyType.RSA)
    sets = dict(observation.cipher_suites)
    sets[TLS12] = accepting((*sets[TLS12].accepted, "TLS_RSA_WITH_AES_128_GCM_SHA256"))
    assert policies_that_give(replace(observation, cipher_suites=sets)).policies == ()
