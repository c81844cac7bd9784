"""The algorithms of suites, groups, signature schemes and keys as CycloneDX components, shared by all endpoints.

``nistQuantumSecurityLevel`` is NIST's category (FIPS 203, table 2; FIPS 204, table 1; AES by the definition of the
categories); 0 is for what Shor's algorithm breaks and for keys under 128 bits. Where NIST states none, there is
none here either.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, TypeAlias

from model.certificates.certificate import KeyType
from model.registry import (
    NAMED_GROUPS,
    SIGNATURE_SCHEMES,
    CipherSuite,
    NamedGroup,
    cipher_suite_by_name,
)

Json: TypeAlias = dict[str, Any]

ML_KEM_LEVELS: Final = {512: 1, 768: 3, 1024: 5}
"""By the parameter set."""
_ML_DSA: Final = {"44": 2, "65": 3, "87": 5}
_ML_DSA_BY_BITS: Final = {10_496: "44", 15_616: "65", 20_736: "87"}
"""The parameter set by the bits of the encoded public key (FIPS 204, table 2)."""
AES_LEVELS: Final = {128: 1, 192: 3, 256: 5}
"""By the bits of the key."""
BROKEN_BY_SHOR: Final = 0
_KEY_EXCHANGES: Final = {
    "RSA": ("RSA-key-transport", "pke"),
    "DH": ("DH", "key-agree"),
    "DHE": ("DHE", "key-agree"),
    "ECDH": ("ECDH", "key-agree"),
    "ECDHE": ("ECDHE", "key-agree"),
}
_SIGNERS: Final = {"RSA": "RSA", "DSS": "DSA", "ECDSA": "ECDSA"}
_MODES: Final = {"CBC": "cbc", "GCM": "gcm", "CCM": "ccm", "CCM_8": "ccm"}
_GROUPS: Final = {group.name: group for group in NAMED_GROUPS}
_SCHEMES: Final = {scheme.name: scheme for scheme in SIGNATURE_SCHEMES}
_KEYS: Final = {
    KeyType.RSA: "RSA",
    KeyType.RSA_PSS: "RSA-PSS",
    KeyType.ECDSA: "ECDSA",
    KeyType.DSA: "DSA",
    KeyType.ED25519: "Ed25519",
    KeyType.ED448: "Ed448",
}


@cache
def group_algorithm(name: str) -> Json:
    """The named group, as the key exchange that it is."""
    group = _GROUPS.get(name)
    if group is None:
        return algorithm(name, "unknown")
    return algorithm(
        name,
        _primitive_of(group),
        quantum=_group_level(group),
        classical=group.security_bits,
    )


def _primitive_of(group: NamedGroup) -> str:
    kinds = {"pq-kem": "kem", "pq-hybrid": "combiner"}
    return kinds.get(group.kind, "key-agree")


def _group_level(group: NamedGroup) -> int | None:
    """A hybrid is as strong as its ML-KEM; Kyber's drafts have no category."""
    if not group.post_quantum:
        return BROKEN_BY_SHOR
    return next(
        (level for size, level in ML_KEM_LEVELS.items() if group.name.endswith(f"MLKEM{size}")),
        None,
    )


@cache
def scheme_algorithm(name: str) -> Json:
    """The signature scheme."""
    scheme = _SCHEMES.get(name)
    if scheme is None:
        return algorithm(name, "unknown")
    level = _ML_DSA[name[-2:]] if scheme.key_type == "ML-DSA" else BROKEN_BY_SHOR
    return algorithm(name, "signature", quantum=level)


@cache
def suite_algorithms(name: str) -> tuple[Json, ...]:
    """What a cipher suite is made of: key exchange, authentication and encryption."""
    suite = cipher_suite_by_name(name)
    return () if suite is None else tuple(_parts(suite))


def _parts(suite: CipherSuite) -> Iterator[Json]:
    if (exchange := _KEY_EXCHANGES.get(suite.key_exchange)) is not None:
        yield algorithm(*exchange, quantum=BROKEN_BY_SHOR)
    if (signer := _SIGNERS.get(suite.authentication)) is not None:
        yield algorithm(signer, "signature", quantum=BROKEN_BY_SHOR)
    words = (suite.encryption, str(suite.encryption_bits or ""), suite.mode)
    mode = _MODES.get(suite.mode)
    yield algorithm(
        "-".join(word for word in words if word),
        "ae" if suite.aead else _cipher_primitive(suite),
        quantum=_cipher_level(suite),
        classical=suite.encryption_bits,
        **({"mode": mode} if mode else {}),
    )


def _cipher_primitive(suite: CipherSuite) -> str:
    if suite.encryption == "NULL":
        return "other"
    return "stream-cipher" if suite.mode == "STREAM" else "block-cipher"


def _cipher_level(suite: CipherSuite) -> int | None:
    if suite.encryption_bits < min(AES_LEVELS):
        return 0
    return AES_LEVELS.get(suite.encryption_bits) if suite.encryption == "AES" else None


def key_algorithm(key_type: KeyType, bits: int | None) -> Json:
    """The algorithm of a certificate's key."""
    if key_type is KeyType.MLDSA:
        parameter = _ML_DSA_BY_BITS.get(bits or 0)
        name = "ML-DSA" if parameter is None else f"ML-DSA-{parameter}"
        return algorithm(name, "signature", quantum=_ML_DSA.get(parameter or ""))
    family = _KEYS.get(key_type)
    if family is None:
        return algorithm("unknown-key", "unknown")
    sized = f"{family}-{bits}" if bits and not family.startswith("Ed") else family
    return algorithm(sized, "signature", quantum=BROKEN_BY_SHOR)


def certificate_signature(name: str) -> Json:
    """The algorithm that signed a certificate; all that have a name here are classical, except ML-DSA."""
    if name.startswith("ML-DSA-"):
        return algorithm(name, "signature", quantum=_ML_DSA.get(name[-2:]))
    has_name = name[:1].isalpha()
    return algorithm(name, "signature", quantum=BROKEN_BY_SHOR if has_name else None)


def algorithm(
    name: str,
    primitive: str,
    *,
    quantum: int | None = None,
    classical: int | None = None,
    **more: str,
) -> Json:
    """The component of an algorithm; ``quantum`` and ``classical`` are security levels, None if no standard states one."""
    properties: Json = {"primitive": primitive, **more}
    if quantum is not None:
        properties["nistQuantumSecurityLevel"] = quantum
    if classical is not None:
        properties["classicalSecurityLevel"] = classical
    return {
        "type": "cryptographic-asset",
        "bom-ref": f"algorithm:{primitive}:{name}",
        "name": name,
        "cryptoProperties": {"assetType": "algorithm", "algorithmProperties": properties},
    }
