"""What an endpoint accepts once some settings of its server follow the policies, as far as settings decide it.

A setting can bring what no setting limits yet: the first ECDHE suite brings groups, and TLS 1.3 brings suites,
groups and signature schemes. Such a list is assumed to be OpenSSL's default, which many policies do not allow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from model.certificates.certificate import KeyType
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS, cipher_suite_by_name
from model.verdict import Fact, Preference, Verdict
from policy.remediation.demands import Demands
from policy.remediation.setting import Topic

_Sets: TypeAlias = Mapping[ProtocolVersion, AcceptedSet]

SIMULATED: Final = (Topic.VERSIONS, Topic.SUITES, Topic.GROUPS, Topic.SCHEMES)
"""The topics whose effect is known, in the order in which one can need the next."""

_TLS12, _TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_DEFAULT_TLS13_SUITES: Final = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
)
_DEFAULT_GROUPS: Final = ("x25519", "secp256r1", "x448", "secp384r1", "secp521r1")
_DEFAULT_SCHEMES: Final = (
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
    "rsa_pkcs1_sha224",
)
_POST_QUANTUM: Final = frozenset(group.name for group in NAMED_GROUPS if group.post_quantum)
_SIGNERS: Final = {KeyType.RSA: "RSA", KeyType.ECDSA: "ECDSA"}
_OF_SIGNERS: Final = {"RSA": ("rsa_pss_rsae_", "rsa_pkcs1_"), "ECDSA": ("ecdsa_",)}


def expected(observation: Observation, demands: Demands, topics: Collection[Topic]) -> Observation:
    """The facts of ``observation`` once the settings about ``topics`` follow ``demands``."""
    spoken = {
        version for version, fact in observation.protocols.items() if fact.verdict is Verdict.YES
    }
    protocols = observation.protocols
    if Topic.VERSIONS in topics:
        spoken = set(demands.versions)
        protocols = {
            version: Fact(verdict=Verdict.YES if version in spoken else Verdict.NO)
            for version in sorted(observation.protocols.keys() | spoken)
        }
    suites = {version: _suites(observation, demands, topics, version) for version in sorted(spoken)}
    with_groups = [
        version
        for version, found in suites.items()
        if version is _TLS13 or any(map(_has_group, found.accepted))
    ]
    groups = {version: _groups(observation, demands, topics, version) for version in with_groups}
    return replace(
        observation,
        protocols=protocols,
        cipher_suites=suites,
        groups=groups,
        signature_schemes={
            version: _schemes(observation, demands, topics, version)
            for version in with_groups
            if version >= _TLS12
        },
        features={**observation.features, **_post_quantum(observation, groups.get(_TLS13))},
    )


def _suites(
    observation: Observation,
    demands: Demands,
    topics: Collection[Topic],
    version: ProtocolVersion,
) -> AcceptedSet:
    found = observation.cipher_suites.get(version)
    if Topic.SUITES not in topics and found is not None:
        return found
    if Topic.SUITES in topics:
        names = demands.tls13_suites if version is _TLS13 else demands.suites
    else:
        names = _DEFAULT_TLS13_SUITES if version is _TLS13 else _of_any(observation.cipher_suites)
    signers = _signers(observation)
    usable = tuple(name for name in names if _is_usable(name, version, signers))
    preference = found.preference if found is not None else Preference.CLIENT
    if Topic.SUITES in topics and demands.server_decides is not None:
        preference = Preference.SERVER if demands.server_decides else Preference.CLIENT
    return AcceptedSet(accepted=usable, complete=True, preference=preference)


def _groups(
    observation: Observation,
    demands: Demands,
    topics: Collection[Topic],
    version: ProtocolVersion,
) -> AcceptedSet:
    """A server has one list of groups for all its versions."""
    found = observation.groups.get(version)
    if Topic.GROUPS in topics:
        names = demands.groups if demands.needs_post_quantum else demands.classical_groups
        if version is not _TLS13:
            names = tuple(name for name in names if name not in _POST_QUANTUM)
        return AcceptedSet(accepted=names, complete=True, preference=Preference.SERVER)
    if found is not None:
        return found
    names = _of_any(observation.groups) or _DEFAULT_GROUPS
    return AcceptedSet(accepted=names, complete=True, preference=Preference.CLIENT)


def _schemes(
    observation: Observation,
    demands: Demands,
    topics: Collection[Topic],
    version: ProtocolVersion,
) -> AcceptedSet:
    found = observation.signature_schemes.get(version)
    if Topic.SCHEMES in topics:
        names = demands.schemes
    elif found is not None:
        return found
    else:
        names = _DEFAULT_SCHEMES
    signers = _signers(observation)
    if version is _TLS13:
        names = tuple(name for name in names if not name.startswith("rsa_pkcs1_"))
    if signers:
        prefixes = tuple(prefix for signer in signers for prefix in _OF_SIGNERS[signer])
        names = tuple(name for name in names if name.startswith(prefixes))
    return AcceptedSet(accepted=names, complete=True, preference=Preference.CLIENT)


def _post_quantum(observation: Observation, found: AcceptedSet | None) -> Mapping[str, Fact]:
    """A group that a setting names is used, as far as the server's library has it."""
    if found is None or found is observation.groups.get(_TLS13):
        return {}
    named = [name for name in found.accepted if name in _POST_QUANTUM]
    verdict = Verdict.YES if named else Verdict.NO
    return {"post_quantum_handshake": Fact(verdict=verdict, value=",".join(named) or None)}


def _of_any(sets: _Sets) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for found in sets.values() for name in found.accepted))


def _signers(observation: Observation) -> frozenset[str]:
    """How the served keys authenticate in suites; empty if no key was seen, or one of another type."""
    types = {chain.key_type for chain in observation.own_certificates}
    return frozenset(_SIGNERS[one] for one in types) if types <= _SIGNERS.keys() else frozenset()


def _is_usable(name: str, version: ProtocolVersion, signers: frozenset[str]) -> bool:
    suite = cipher_suite_by_name(name)
    if suite is None or not suite.min_version <= version <= suite.max_version:
        return False
    return not signers or suite.authentication in signers | {"any"}


def _has_group(name: str) -> bool:
    suite = cipher_suite_by_name(name)
    return suite is not None and suite.key_exchange == "ECDHE"
