"""What all policies together demand of a server's configuration: the input of every remediation.

If several policies apply, only what all of them allow remains. If none limits suites, groups or signature
schemes, the recommendations of RFC 9325 and RFC 10015 are used, except for names that a rule forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from model.application_protocol import URL_PORTS
from model.frozen import frozen
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import CIPHER_SUITES, NAMED_GROUPS, Strength, strength_by_name
from policy.policy import Policy, PolicyRule
from policy.remediation.ike_demands import IkeDemands, ike_demands_of
from policy.remediation.ssh_demands import SshDemands, ssh_demands_of
from policy.rule import Parameters
from policy.rules.endpoint.https import Hsts
from policy.rules.handshake.cipher_suite_order import Deciding
from policy.rules.handshake.cipher_suites import (
    AllowedSuites,
    ForbiddenSuites,
    LeastStrength,
)
from policy.rules.handshake.dh import PrimeSize
from policy.rules.handshake.features import Features
from policy.rules.handshake.groups import (
    AllowedGroups,
    ForbiddenGroups,
    LeastGroupStrength,
    RequiredGroups,
)
from policy.rules.handshake.post_quantum import QuantumGroups
from policy.rules.handshake.protocols import Versions
from policy.rules.handshake.signature_schemes import AllowedSchemes, ForbiddenSchemes

P = TypeVar("P", bound=Parameters)

_TLS13: Final = ProtocolVersion.TLSV1_3
_USUAL_VERSIONS: Final = (ProtocolVersion.TLSV1_2, _TLS13)
_USUAL_SUITES: Final = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
)
_USUAL_GROUPS: Final = ("X25519MLKEM768", "x25519", "secp256r1", "secp384r1")
_USUAL_SCHEMES: Final = (
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256",
    "rsa_pss_pss_sha384",
    "rsa_pss_pss_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
)
_RANKS: Final = {strength: rank for rank, strength in enumerate(Strength)}
_POST_QUANTUM: Final = frozenset(group.name for group in NAMED_GROUPS if group.post_quantum)
_TLS13_SUITES: Final = frozenset(
    suite.name for suite in CIPHER_SUITES if suite.min_version is _TLS13
)


_A_YEAR_OF_SECONDS: Final = 31_536_000
"""The proposed value if a policy asks for less: a short time protects few visits (RFC 6797, 11.2)."""


@frozen
class HstsDemand:
    """The minimum content of Strict-Transport-Security; ``max_age`` in seconds."""

    max_age: int
    include_subdomains: bool
    preload: bool


@frozen
class Demands:
    """What a server may and must do, by the registries' names, preferred ones first.

    ``suites`` are those below TLS 1.3, ``tls13_suites`` those of TLS 1.3. ``needs_post_quantum`` is whether a
    rule requires such a group. ``server_decides`` and ``client_certificates`` are None if no rule is about
    them. ``dh_bits`` is the minimum length of a DHE prime. ``forbidden_features`` uses the names of
    ``docs/reference/checks.md``. ``http_port`` and ``https_port`` are the endpoint's, and so is ``resource``, the
    ARN of what serves it in AWS. ``ssh`` is about SSH servers, ``ike`` about IKE
    responders.
    """

    versions: tuple[ProtocolVersion, ...]
    suites: tuple[str, ...]
    tls13_suites: tuple[str, ...]
    groups: tuple[str, ...]
    needs_post_quantum: bool
    schemes: tuple[str, ...]
    server_decides: bool | None
    client_certificates: bool | None
    hsts: HstsDemand | None
    dh_bits: int
    forbidden_features: frozenset[str]
    http_port: int = URL_PORTS["http"]
    https_port: int = URL_PORTS["https"]
    resource: str | None = None
    ssh: SshDemands = SshDemands()
    ike: IkeDemands = IkeDemands()

    @property
    def https_port_suffix(self) -> str:
        """What follows the host in an https:// URL: nothing for the default port, else ``:8443``."""
        return "" if self.https_port == URL_PORTS["https"] else f":{self.https_port}"

    @property
    def oldest(self) -> ProtocolVersion:
        """The oldest allowed version."""
        return self.versions[0]

    @property
    def newest(self) -> ProtocolVersion:
        """The newest allowed version."""
        return self.versions[-1]

    @property
    def has_tls13(self) -> bool:
        """Whether TLS 1.3 is allowed."""
        return _TLS13 in self.versions

    @property
    def classical_groups(self) -> tuple[str, ...]:
        """The allowed groups that every current TLS library has."""
        return tuple(name for name in self.groups if name not in _POST_QUANTUM)


def demands_of(policies: Iterable[Policy]) -> Demands | None:
    """What ``policies`` demand together; None if no version, suite or group remains."""
    rules = [rule for policy in policies for rule in policy.rules]
    versions = _versions(rules)
    suites = _suites(rules, versions)
    groups = _groups(rules)
    below = any(version is not _TLS13 for version in versions)
    earlier = tuple(name for name in suites if name not in _TLS13_SUITES) if below else ()
    tls13 = tuple(name for name in suites if name in _TLS13_SUITES) if _TLS13 in versions else ()
    lacks_suites = (below and not earlier) or (_TLS13 in versions and not tls13)
    if not versions or lacks_suites or not groups:
        return None
    deciding = [one.by for one in _all(rules, Deciding)]
    return Demands(
        versions=versions,
        suites=earlier,
        tls13_suites=tls13,
        groups=groups,
        needs_post_quantum=_needs_post_quantum(rules),
        schemes=_schemes(rules),
        server_decides=("server" in deciding) if deciding else None,
        client_certificates=_client_certificates(rules),
        hsts=_hsts(rules),
        dh_bits=max((one.minimum_bits for one in _all(rules, PrimeSize)), default=2048),
        forbidden_features=frozenset(
            name
            for rule in rules
            if rule.rule.name == "features_forbidden" and isinstance(rule.parameters, Features)
            for name in rule.parameters.features
        ),
        ssh=ssh_demands_of(rules, {}),
        ike=ike_demands_of(rules, {}),
    )


def _all(rules: Iterable[PolicyRule], kind: type[P]) -> Iterator[P]:
    """The parameters of exactly that kind; some kinds extend others."""
    for rule in rules:
        if type(rule.parameters) is kind and isinstance(rule.parameters, kind):
            yield rule.parameters


def _versions(rules: list[PolicyRule]) -> tuple[ProtocolVersion, ...]:
    limits = [frozenset(one.allowed) for one in _all(rules, Versions)]
    if not limits:
        return _USUAL_VERSIONS
    allowed = frozenset.intersection(*limits)
    # No remediation enables a broken version, even where a policy allows it.
    return tuple(one for one in STREAM_VERSIONS if one in allowed and one > ProtocolVersion.SSLV3)


def _suites(rules: list[PolicyRule], versions: tuple[ProtocolVersion, ...]) -> tuple[str, ...]:
    """The allowed names in the order of the first list."""
    limits = list(_all(rules, AllowedSuites))
    names = list(dict.fromkeys(name for one in limits for name in one.allowed))
    for is_tls13 in (False, True):
        if not any(_speaks_of(one.versions, is_tls13, versions) for one in limits):
            names += [name for name in _USUAL_SUITES if (name in _TLS13_SUITES) is is_tls13]
    for allowed in limits:
        kept = frozenset(allowed.allowed)
        names = [
            name
            for name in names
            if name in kept or not _speaks_of(allowed.versions, name in _TLS13_SUITES, versions)
        ]
    for forbidden in _all(rules, ForbiddenSuites):
        gone = forbidden.names - frozenset(forbidden.except_suites)
        names = [
            name
            for name in names
            if name not in gone
            or not _speaks_of(forbidden.versions, name in _TLS13_SUITES, versions)
        ]
    for least in _all(rules, LeastStrength):
        names = [
            name
            for name in names
            if _is_strong(name, least)
            or not _speaks_of(least.versions, name in _TLS13_SUITES, versions)
        ]
    return tuple(names)


def _speaks_of(
    limited: tuple[ProtocolVersion, ...], is_tls13: bool, spoken: tuple[ProtocolVersion, ...]
) -> bool:
    """Whether a rule on the versions ``limited`` limits suites of TLS 1.3, or those below it."""
    return any((version is _TLS13) is is_tls13 for version in limited if version in spoken)


def _is_strong(name: str, least: LeastStrength) -> bool:
    strength = strength_by_name(name)
    for one in least.adjusted:
        if name in one.suites.names:
            strength = one.strength
    return strength is not None and _RANKS[strength] >= _RANKS[least.minimum]


def _groups(rules: list[PolicyRule]) -> tuple[str, ...]:
    limits = [one.allowed for one in _all(rules, AllowedGroups)]
    required = [name for one in _all(rules, RequiredGroups) for name in one.any_of]
    names = list(dict.fromkeys(limits[0])) if limits else [*_USUAL_GROUPS]
    if not limits and not any(name in names for name in required):
        names += required
    for limit in limits[1:]:
        names = [name for name in names if name in limit]
    for forbidden in _all(rules, ForbiddenGroups):
        names = [name for name in names if name not in forbidden.groups]
    for least in _all(rules, LeastGroupStrength):
        weak = {
            group.name
            for group in NAMED_GROUPS
            if group.security_bits is not None and group.security_bits < least.minimum_bits
        }
        names = [name for name in names if name not in weak]
    return tuple(names)


def _needs_post_quantum(rules: list[PolicyRule]) -> bool:
    asks = any(True for _ in _all(rules, QuantumGroups))
    return asks or any(_POST_QUANTUM.issuperset(one.any_of) for one in _all(rules, RequiredGroups))


def _schemes(rules: list[PolicyRule]) -> tuple[str, ...]:
    limits = [one.allowed for one in _all(rules, AllowedSchemes)]
    names = list(dict.fromkeys(limits[0])) if limits else [*_USUAL_SCHEMES]
    for limit in limits[1:]:
        names = [name for name in names if name in limit]
    for forbidden in _all(rules, ForbiddenSchemes):
        endings = tuple(f"_{one}" for one in forbidden.hashes)
        names = [
            name
            for name in names
            if name not in forbidden.schemes and not (endings and name.endswith(endings))
        ]
    return tuple(names)


def _client_certificates(rules: list[PolicyRule]) -> bool | None:
    ids = {rule.rule.name for rule in rules}
    if not ids.isdisjoint({"client_certificate_required", "client_certificate_verified"}):
        return True
    return False if "client_certificate_not_requested" in ids else None


def _hsts(rules: list[PolicyRule]) -> HstsDemand | None:
    found = list(_all(rules, Hsts))
    if not found:
        return None
    return HstsDemand(
        max_age=max(_A_YEAR_OF_SECONDS, *(one.max_age for one in found)),
        include_subdomains=any(one.include_subdomains for one in found),
        preload=any(one.preload for one in found),
    )
