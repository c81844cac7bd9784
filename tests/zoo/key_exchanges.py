"""What a server's configuration says about its key exchanges: groups, finite fields, signatures.

The facts follow from the server's configuration, by the rules in the manuals and sources of OpenSSL 3.0 and
GnuTLS. The accepted suites determine which of them are visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from model.certificates.certificate import KeyType
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.choice import Choice, choice_disagreements

Suites = Mapping[ProtocolVersion, Choice]

_TLSV1_0, _TLSV1_2, _TLSV1_3 = (
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
_SHORT_FIELDS = frozenset({"RFC 2409 group 1", "RFC 2409 group 2", "Java sun.security.ssl 512-bit"})
"""768, 1024 and 512 bits."""

_TLS13_SCHEMES = {
    KeyType.RSA: ("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
    KeyType.ECDSA: ("ecdsa_secp256r1_sha256",),
    KeyType.ED25519: ("ed25519",),
}
"""RFC 8446, 4.2.3, for the zoo's keys: its elliptic one is of secp256r1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchanges:
    """``groups`` are those of the newest version up to TLS 1.2, and None if there is none.

    ``fields`` are the names of the primes that DHE uses up to TLS 1.2.
    """

    groups: Choice | None = None
    fields: frozenset[str] = frozenset()
    schemes: Mapping[ProtocolVersion, Choice] = field(default_factory=dict)


def curves_and_fields(
    suites: Suites, groups: Iterable[str], *, preference: Preference, ffdhe: Iterable[str] = ()
) -> Choice | None:
    """The curves among ``groups`` if there is ECDHE, and ``ffdhe`` if there is DHE."""
    newest = max((one for one in suites if _TLSV1_0 <= one <= _TLSV1_2), default=None)
    names = suites[newest].accepted if newest is not None else ()
    found: list[str] = []
    if any("_ECDHE_" in name or "_ECDH_anon_" in name for name in names):
        found += [group for group in groups if not group.startswith("ffdhe")]
    if any(_is_dhe(name) for name in names):
        found += ffdhe
    return Choice.of(tuple(found), preference) if found else None


def signatures(
    suites: Suites,
    keys: Iterable[KeyType],
    by_key: Mapping[KeyType, tuple[str, ...]],
    preference: Preference,
) -> Mapping[ProtocolVersion, Choice]:
    """``by_key`` are the schemes at TLS 1.2 by key; a key signs if there is a suite for it."""
    found = {}
    served = tuple(keys)
    tls12 = suites[_TLSV1_2].accepted if _TLSV1_2 in suites else ()
    schemes = [
        scheme
        for key in served
        if any(f"_{_suite_authentication(key)}_WITH_" in name and "DHE_" in name for name in tls12)
        for scheme in by_key[key]
    ]
    if schemes:
        found[_TLSV1_2] = Choice.of(tuple(schemes), preference)
    if _TLSV1_3 in suites:
        names = tuple(scheme for key in served for scheme in _TLS13_SCHEMES[key])
        found[_TLSV1_3] = Choice.of(names, Preference.UNKNOWN)
    return found


def _suite_authentication(key: KeyType) -> str:
    return "RSA" if key is KeyType.RSA else "ECDSA"


def _is_dhe(name: str) -> bool:
    return "_DHE_" in name or "_DH_anon_" in name


def automatic_fields(suites: Suites, *, security_level: int) -> frozenset[str]:
    """OpenSSL's field if no parameters are set (ssl_get_auto_dh in its ssl/t1_lib.c).

    It is as strong as the certificate's key, which is RSA with 2048 bits. Without a key the cipher's bits
    decide, but never below the security level.
    """
    names = {
        name
        for version, choice in suites.items()
        if version <= _TLSV1_2
        for name in choice.accepted
        if _is_dhe(name)
    }
    return frozenset(_automatic_field(name, security_level) for name in names)


def _automatic_field(name: str, security_level: int) -> str:
    has_certificate = "_anon_" not in name and "_PSK_" not in name
    if has_certificate:
        return "RFC 3526 group 14"
    if any(word in name for word in ("_256_", "_CHACHA20_")):
        return "RFC 3526 group 15"
    return "RFC 3526 group 14" if security_level >= 2 else "RFC 2409 group 2"


def key_exchange_disagreements(
    truth: KeyExchanges, suites: Suites, observation: Observation
) -> Iterator[str]:
    """One sentence for each fact on key exchanges in which the Observation differs from the truth."""
    yield from _group_disagreements(truth, observation)
    named = {one.known_as for one in observation.dh}
    if named != truth.fields:
        yield f"dh: truth {sorted(truth.fields)}, observed {observation.dh}"
    if set(truth.schemes) != set(observation.signature_schemes):
        left, right = list(truth.schemes), list(observation.signature_schemes)
        yield f"signature_schemes: truth has {left}, observed {right}"
    for version, choice in truth.schemes.items():
        if (found := observation.signature_schemes.get(version)) is not None:
            yield from choice_disagreements(f"signature_schemes {version.label}", choice, found)
    yield from _verdict_disagreements(truth, suites, observation)


def _group_disagreements(truth: KeyExchanges, observation: Observation) -> Iterator[str]:
    found = {
        version: groups
        for version, groups in observation.groups.items()
        # A field of the server's own has no name, which the field itself proves.
        if version < _TLSV1_3 and not (groups.complete and not groups.accepted)
    }
    if len(found) != (truth.groups is not None):
        yield f"groups up to TLSv1.2: truth {truth.groups}, observed {found}"
    for version, groups in found.items():
        if truth.groups is not None:
            yield from choice_disagreements(f"groups {version.label}", truth.groups, groups)


def _verdict_disagreements(
    truth: KeyExchanges, suites: Suites, observation: Observation
) -> Iterator[str]:
    """No server of the zoo reuses a key or disobeys the client."""
    is_signed = _TLSV1_2 in truth.schemes
    names = truth.schemes[_TLSV1_2].accepted if is_signed else ()
    expected = {
        "dh_public_value_reused": False if truth.fields else None,
        "signs_with_md5": any(name.endswith("_md5") for name in names) if is_signed else None,
        "signs_with_sha1": any(name.endswith("_sha1") for name in names) if is_signed else None,
        "ignores_signature_algorithms": False if is_signed else None,
        "logjam": bool(truth.fields & _SHORT_FIELDS),
        "raccoon": False,
    }
    if not any(version > ProtocolVersion.SSLV2 for version in suites):
        expected |= {"logjam": None, "raccoon": None}
    facts = {**observation.features, **observation.vulnerabilities}
    for name, holds in expected.items():
        wanted = None if holds is None else Verdict.YES if holds else Verdict.NO
        found = facts[name].verdict if name in facts else None
        if found is not wanted:
            yield f"{name}: truth {wanted}, observed {found}"
