"""The words that policies use, checked against the registries; the error for a misspelt word names the nearest.

A suite, group or scheme has its name in IANA's registry. Names from other programs are refused, and the error
gives the right one. So everything has one name in every policy.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import CIPHER_SUITES, NAMED_GROUPS, SIGNATURE_SCHEMES, SSLV2_CIPHER_KINDS
from policy.fact_names import FEATURES, VULNERABILITIES

_FEW: Final = 30

SUITE_NAMES: Final = tuple(
    [suite.name for suite in CIPHER_SUITES] + [kind.name for kind in SSLV2_CIPHER_KINDS]
)
GROUP_NAMES: Final = tuple(group.name for group in NAMED_GROUPS)
SCHEME_NAMES: Final = tuple(scheme.name for scheme in SIGNATURE_SCHEMES)
VERSION_LABELS: Final = tuple(version.label for version in STREAM_VERSIONS)

_OPENSSL_NAMES: Final = {
    suite.openssl_name: suite.name for suite in CIPHER_SUITES if suite.openssl_name
}
_GROUP_ALIASES: Final = {
    "p-256": "secp256r1",
    "prime256v1": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
    "prime192v1": "secp192r1",
    "curve25519": "x25519",
    "curve448": "x448",
}
_VERSION_ALIASES: Final = {"tlsv1": "TLSv1.0", "tls1": "TLSv1.0", "ssl2": "SSLv2", "ssl3": "SSLv3"}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The item of ``known`` that is spelt most like ``name``, ignoring case; None if none is close."""
    by_key = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), by_key, n=1, cutoff=0.6)
    return by_key[close[0]] if close else None


def one_of(
    what: str, names: tuple[str, ...], aliases: Mapping[str, str] = MappingProxyType({})
) -> Callable[[str], str]:
    """A check that a text is one of ``names``; its error gives the right name, or where to find the names.

    ``aliases`` maps the names that other programs use to the right ones.
    """
    every = frozenset(names)

    def check(name: str) -> str:
        if name in every:
            return name
        right = aliases.get(name) or aliases.get(name.casefold()) or nearest(name, names)
        few = f"use {', '.join(names)}" if len(names) <= _FEW else "see docs/reference/policy.md"
        raise ValueError(
            f"{name!r} is not a valid {what}: {f'did you mean {right}?' if right else few}"
        )

    return check


def _version(label: object) -> ProtocolVersion:
    if isinstance(label, ProtocolVersion):
        return label
    check = one_of("protocol version", VERSION_LABELS, _VERSION_ALIASES)
    return ProtocolVersion.from_label(check(str(label)))


def schema_of(names: Iterable[str]) -> WithJsonSchema:
    """The JSON Schema of one of ``names``."""
    return WithJsonSchema({"enum": list(names)})


Version = Annotated[
    ProtocolVersion,
    BeforeValidator(_version),
    PlainSerializer(lambda version: version.label, return_type=str),
    schema_of(VERSION_LABELS),
]
SuiteName = Annotated[
    str,
    AfterValidator(one_of("cipher suite", SUITE_NAMES, _OPENSSL_NAMES)),
    schema_of(SUITE_NAMES),
]
GroupName = Annotated[
    str, AfterValidator(one_of("group", GROUP_NAMES, _GROUP_ALIASES)), schema_of(GROUP_NAMES)
]
SchemeName = Annotated[
    str, AfterValidator(one_of("signature scheme", SCHEME_NAMES)), schema_of(SCHEME_NAMES)
]
FeatureName = Annotated[str, AfterValidator(one_of("feature", FEATURES)), schema_of(FEATURES)]
VulnerabilityName = Annotated[
    str, AfterValidator(one_of("vulnerability", VULNERABILITIES)), schema_of(VULNERABILITIES)
]
