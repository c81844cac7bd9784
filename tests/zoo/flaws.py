"""Which vulnerabilities follow from the names of what a server accepts, and from nothing else.

The rules read IANA's names, like a person; the engine's rules read its registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from model.protocol_version import STREAM_VERSIONS, ProtocolVersion

SSLV3_AND_LATER: Final = STREAM_VERSIONS[1:]
_SHORT_BLOCKS = ("_DES_", "_DES40_", "_3DES_", "_IDEA_", "_RC2_")


def _is_cbc(name: str) -> bool:
    return "_CBC_" in name or "_RC2_" in name


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """The property that a suite's name shows, and the versions where it matters."""

    holds: Callable[[str], bool]
    versions: tuple[ProtocolVersion, ...] = SSLV3_AND_LATER


RULES: Final[Mapping[str, NameRule]] = {
    "poodle_ssl3": NameRule(holds=_is_cbc, versions=SSLV3_AND_LATER[:1]),
    "sweet32": NameRule(holds=lambda name: any(cipher in name for cipher in _SHORT_BLOCKS)),
    "rc4": NameRule(holds=lambda name: "_RC4_" in name),
    "beast": NameRule(holds=_is_cbc, versions=SSLV3_AND_LATER[:2]),
    "lucky13": NameRule(holds=_is_cbc),
    "freak": NameRule(holds=lambda name: name.startswith("TLS_RSA_EXPORT_")),
    "anonymous_suites": NameRule(
        holds=lambda name: "_anon_" in name or name == "TLS_NULL_WITH_NULL_NULL"
    ),
    "null_suites": NameRule(
        holds=lambda name: "NULL" in name or name in {"TLS_SHA256_SHA256", "TLS_SHA384_SHA384"}
    ),
    "export_suites": NameRule(holds=lambda name: "EXPORT" in name),
}


def flaws(
    accepted: Mapping[ProtocolVersion, Iterable[str]], *, encrypts_then_macs: bool
) -> dict[str, bool]:
    """Whether each vulnerability exists; only DROWN is listed if the server speaks nothing but SSL 2.0."""
    found = {"drown": ProtocolVersion.SSLV2 in accepted}
    if not any(version in accepted for version in SSLV3_AND_LATER):
        return found
    for flaw, rule in RULES.items():
        at = [one for one in rule.versions if any(map(rule.holds, accepted.get(one, ())))]
        is_mended = flaw == "lucky13" and encrypts_then_macs and SSLV3_AND_LATER[0] not in at
        found[flaw] = bool(at) and not is_mended
    return found
