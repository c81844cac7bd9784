"""The names that tools write for versions, suites, groups, transforms and SSH's algorithms, as the registries have them."""

from __future__ import annotations

import re
from typing import Any, Final

from discovery.bills.document import Json, texts
from model.protocol_version import ProtocolVersion
from model.registry import (
    CIPHER_SUITES,
    NAMED_GROUPS,
    CipherSuite,
    cipher_suite_by_code_point,
)
from model.registry.ike_transforms import KEY_EXCHANGE, TRANSFORMS, TransformType

_VERSION: Final = re.compile(r"(?:(DTLS|TLS|SSL)[ _/-]?v?)?([0-9])(?:[._]([0-9]))?", re.IGNORECASE)
_BYTE: Final = re.compile(r"0x([0-9A-Fa-f]{2})")
_CODE_POINT: Final = re.compile(r"0x([0-9A-Fa-f]{4})")
_VERSIONS: Final = {version.display_name: version for version in ProtocolVersion}
_SUITES: Final = {
    name: suite for suite in CIPHER_SUITES for name in (suite.openssl_name, suite.name) if name
}
_GROUP_ALIASES: Final = {
    "p-256": "secp256r1",
    "prime256v1": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
    "curve25519": "x25519",
    "curve448": "x448",
}
_GROUPS: Final = {group.name.lower(): group.name for group in NAMED_GROUPS}
_TRANSFORMS: Final = {
    kind: frozenset(one.name for one in several) for kind, several in TRANSFORMS.items()
}
_IANA_PREFIX: Final = re.compile(r"(?:ENCR|PRF|AUTH)_")
_KEY_EXCHANGES: Final = {one.number: one.name for one in KEY_EXCHANGE}
_SSH_NAMES: Final = {
    "key_exchange": re.compile(
        r"(?:diffie-hellman-group|ecdh-sha2-|curve(?:25519|448)-sha|mlkem[0-9]+|sntrup[0-9]+"
        r"|rsa(?:1024|2048)-sha|gss-|ecmqv-sha2).*"
    ),
    "host_keys": re.compile(r"(?:ssh-|rsa-sha2-|ecdsa-sha2-|sk-|x509v3-|pgp-sign-).*"),
    "ciphers": re.compile(
        r"(?:3des|des|aes(?:128|192|256)|blowfish|twofish[0-9]*|serpent(?:128|192|256)|cast128|idea"
        r"|camellia(?:128|192|256))-(?:cbc|ctr)|arcfour(?:128|256)?"
        r"|(?:aes(?:128|256)-gcm|chacha20-poly1305)@openssh\.com|rijndael-cbc@lysator\.liu\.se"
    ),
    "macs": re.compile(r"(?:hmac|umac)-[a-z0-9-]+(?:@.+)?"),
}
"""Names of RFC 4253, its successors and OpenSSH; the generic ``AES-256`` of another tool is none of them."""


def version_of(text: str, family: str) -> ProtocolVersion | None:
    """The version that ``1.2``, ``TLSv1.2`` or ``TLS 1.2`` means in ``family`` (TLS or DTLS); None if it means none."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    return _VERSIONS.get(f"{(found[1] or family).upper()} {found[2]}.{found[3] or 0}")


def suite_of(entry: Json) -> CipherSuite | None:
    """The suite of a ``cipherSuites`` entry, by its identifiers, or else its name at IANA or in OpenSSL."""
    identifiers = texts(entry.get("identifiers"))
    if len(identifiers) == 2 and all(map(_BYTE.fullmatch, identifiers)):
        code_point = int(identifiers[0], 16) << 8 | int(identifiers[1], 16)
    elif len(identifiers) == 1 and _CODE_POINT.fullmatch(identifiers[0]):
        code_point = int(identifiers[0], 16)
    else:
        return _SUITES.get(str(entry.get("name")))
    return cipher_suite_by_code_point(code_point)


def group_of(name: str) -> str | None:
    """The registry's name of a group; None if it has none."""
    lower = name.lower()
    return _GROUPS.get(_GROUP_ALIASES.get(lower, lower))


def transform_of(kind: TransformType, name: Any, key_bits: Any) -> str | None:
    """The name of a transform that IANA calls ``name``, such as ``ENCR_AES_CBC``, with the length of its key."""
    plain = _IANA_PREFIX.sub("", str(name), count=1).lower().replace("-", "_")
    keyed = f"{plain}_{key_bits}"
    return next((one for one in (keyed, plain) if one in _TRANSFORMS[kind]), None)


def key_exchange_of(number: Any) -> str | None:
    """The name of a key exchange method by its number at IANA; None if it is unknown."""
    return _KEY_EXCHANGES.get(number) if type(number) is int else None


def ssh_kind_of(name: str) -> str | None:
    """The list of KEXINIT to which a name belongs; None if it is not one of SSH's."""
    return next((kind for kind, form in _SSH_NAMES.items() if form.fullmatch(name)), None)
