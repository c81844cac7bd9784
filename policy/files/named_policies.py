"""AWS's named security policies: does an endpoint comply with one, and which ones match what was seen?

Load balancers and CloudFront are configured by the name of a policy, which fixes versions and cipher suites.
Each one is a profile here too. Some policies have the same versions and suites, so a visit cannot distinguish
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from model.certificates.certificate import KeyType
from model.frozen import frozen
from model.judging.spoken import spoken, suite_gaps
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from policy.files.yaml_file import YamlFile, read_yaml_mapping
from policy.judging.accepted import group_gaps

FOLDER: Final = Path(__file__).parents[1] / "profiles" / "aws"
_FILES: Final = {"load_balancer.yaml": "Elastic Load Balancing", "cloudfront.yaml": "CloudFront"}
_AUTHENTICATIONS: Final = {
    KeyType.RSA: "RSA",
    KeyType.RSA_PSS: "RSA",
    KeyType.ECDSA: "ECDSA",
    KeyType.ED25519: "ECDSA",
    KeyType.ED448: "ECDSA",
    KeyType.DSA: "DSS",
}

WITHOUT_SUITES: Final = frozenset(
    {
        "ELBSecurityPolicy-2015-05",
        "ELBSecurityPolicy-TLS13-1-2-Ext0-RFC9151-FIPS-2023-07",
        "ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07",
        *(
            f"ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP{number}-FIPS-2023-07"
            for number in range(1, 5)
        ),
        "ELBSecurityPolicy-TLS13-1-3-RFC9151-FIPS-2023-07",
    }
)
"""Names without a published list of suites: an endpoint cannot be checked against them."""


@frozen
class NamedPolicy:
    """One named policy. ``groups`` is None if AWS does not publish them."""

    name: str
    product: str
    protocols: tuple[ProtocolVersion, ...]
    cipher_suites: tuple[str, ...]
    groups: tuple[str, ...] | None
    is_post_quantum: bool
    source: str
    uncertain: str | None
    file: YamlFile
    path: Path

    def suites_at(self, version: ProtocolVersion) -> frozenset[str]:
        """The suites of the policy that can be negotiated at ``version``."""
        return frozenset(
            name
            for name in self.cipher_suites
            if (suite := cipher_suite_by_name(name)) is not None
            and suite.min_version <= version <= suite.max_version
        )


@cache
def named_policies() -> Mapping[str, NamedPolicy]:
    """Every named policy with published suites, by name."""
    return MappingProxyType(
        {
            one.name: one
            for file_name, product in _FILES.items()
            for one in _read(FOLDER / file_name, product)
        }
    )


def _read(path: Path, product: str) -> list[NamedPolicy]:
    file = read_yaml_mapping(path)
    return [
        NamedPolicy(
            name=name,
            product=product,
            protocols=tuple(map(ProtocolVersion.from_label, fields["protocols"])),
            cipher_suites=tuple(fields["cipher_suites"]),
            groups=tuple(fields["groups"]) if "groups" in fields else None,
            is_post_quantum=fields.get("post_quantum", False),
            source=fields["source"],
            uncertain=fields.get("uncertain"),
            file=file,
            path=path,
        )
        for name, fields in file.values.items()
    ]


@frozen
class Matches:
    """The policies that match what was seen; ``unknown`` lists what was not proved."""

    policies: tuple[NamedPolicy, ...]
    unknown: tuple[str, ...]


def policies_that_give(observation: Observation) -> Matches:
    """The named policies whose versions, suites and groups match the endpoint exactly.

    Suites that need a key type for which the endpoint has no certificate cannot appear, so they are ignored.
    Post-quantum groups must be present if and only if the policy has them.
    """
    gaps = (*suite_gaps(observation), *group_gaps(observation))
    if gaps or not spoken(observation):
        return Matches(policies=(), unknown=gaps or ("any version",))
    fitting = [one for one in named_policies().values() if _gives(one, observation)]
    return Matches(policies=tuple(fitting), unknown=())


def _gives(named: NamedPolicy, observation: Observation) -> bool:
    if set(spoken(observation)) != set(named.protocols):
        return False
    shown = {_AUTHENTICATIONS.get(chain.key_type) for chain in observation.own_certificates}
    for version in named.protocols:
        found = observation.cipher_suites.get(version)
        possible = {
            name for name in named.suites_at(version) if _authentication(name) in {*shown, "any"}
        }
        if found is None or set(found.accepted) != possible:
            return False
    groups = {name for found in observation.groups.values() for name in found.accepted}
    if any("MLKEM" in name for name in groups) != named.is_post_quantum:
        return False
    return named.groups is None or groups <= set(named.groups)


def _authentication(name: str) -> str:
    suite = cipher_suite_by_name(name)
    return suite.authentication if suite is not None else ""
