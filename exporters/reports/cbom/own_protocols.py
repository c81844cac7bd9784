"""SSH and IKE as components: protocols with an encryption of their own, and the algorithms that they accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from exporters.reports.cbom.algorithms import (
    AES_LEVELS,
    BROKEN_BY_SHOR,
    ML_KEM_LEVELS,
    algorithm,
)
from exporters.reports.cryptography import OwnCryptography
from model.registry.ike_transforms import Transform, TransformType

Json: TypeAlias = dict[str, Any]

_ML_KEM_NAME: Final = re.compile(r"ml_?kem_?(512|768|1024)")
_AES_NAME: Final = re.compile(r"(?:aes|AES)[a-zA-Z0-9_-]*?(128|192|256)")
_HYBRID: Final = ("mlkem", "sntrup")
"""Beginnings of SSH's key exchanges that combine a post-quantum method with a classical one."""
_AEAD: Final = ("-gcm", "AEAD_", "chacha20")
_IKE_LISTS: Final[Mapping[TransformType, str]] = {
    TransformType.ENCRYPTION: "encr",
    TransformType.PRF: "prf",
    TransformType.INTEGRITY: "integ",
    TransformType.KEY_EXCHANGE: "ke",
    TransformType.ADDITIONAL_KEY_EXCHANGE: "ke",
}
_IANA_PREFIXES: Final = {
    TransformType.ENCRYPTION: "ENCR_",
    TransformType.PRF: "PRF_",
    TransformType.INTEGRITY: "AUTH_",
}


def own_protocols(found: OwnCryptography) -> Iterator[tuple[str, Json]]:
    """The name and the CycloneDX fields of each protocol that answered."""
    if found.ssh:
        assets = [_reference(one) for one in _of_ssh(found)]
        yield "SSH 2.0", {"type": "ssh", "version": "2.0", "relatedCryptographicAssets": assets}
    if found.ike:
        transforms: dict[str, list[Json]] = {}
        for one in found.ike:
            transforms.setdefault(_IKE_LISTS[one.type], []).append(_transform(one))
        yield "IKEv2", {"type": "ike", "version": "2", "ikev2TransformTypes": transforms}


def own_algorithms(found: OwnCryptography) -> Iterator[Json]:
    """The algorithms to which these protocols refer."""
    yield from _of_ssh(found)
    yield from map(_of_ike, found.ike)


def _of_ssh(found: OwnCryptography) -> Iterator[Json]:
    for kind, names in found.ssh:
        yield from map(_SSH_ALGORITHMS[kind], names)


def _ssh_key_exchange(name: str) -> Json:
    if name.startswith(_HYBRID):
        return algorithm(name, "combiner", quantum=_level_of(_ML_KEM_NAME, ML_KEM_LEVELS, name))
    return algorithm(name, "key-agree", quantum=BROKEN_BY_SHOR)


def _ssh_host_key(name: str) -> Json:
    return algorithm(name, "signature", quantum=BROKEN_BY_SHOR)


def _ssh_cipher(name: str) -> Json:
    kind = "ae" if any(part in name for part in _AEAD) else "block-cipher"
    return algorithm(name, kind, quantum=_level_of(_AES_NAME, AES_LEVELS, name))


def _ssh_mac(name: str) -> Json:
    return algorithm(name, "mac")


_SSH_ALGORITHMS: Final[Mapping[str, Callable[[str], Json]]] = {
    "key_exchange": _ssh_key_exchange,
    "host_keys": _ssh_host_key,
    "ciphers": _ssh_cipher,
    "macs": _ssh_mac,
}
"""By the kinds of ``ALGORITHM_LISTS``."""


def _transform(one: Transform) -> Json:
    """The transform as CycloneDX lists it, by IANA's name, or a group by its number."""
    written: Json = {"algorithm": _of_ike(one)["bom-ref"]}
    if one.type not in _IANA_PREFIXES:
        return written | {"group": one.number}
    if one.key_bits:
        written["keyLength"] = one.key_bits
    return written | {"name": _iana_name(one)}


def _iana_name(one: Transform) -> str:
    return _IANA_PREFIXES[one.type] + one.name.removesuffix(f"_{one.key_bits}").upper()


def _of_ike(one: Transform) -> Json:
    match one.type:
        case TransformType.ENCRYPTION:
            kind = "ae" if one.is_aead else "block-cipher"
            name = f"{_iana_name(one)}-{one.key_bits}" if one.key_bits else _iana_name(one)
            return algorithm(name, kind, quantum=_level_of(_AES_NAME, AES_LEVELS, name))
        case TransformType.PRF | TransformType.INTEGRITY:
            return algorithm(_iana_name(one), "mac")
        case _:
            level = _level_of(_ML_KEM_NAME, ML_KEM_LEVELS, one.name)
            if level is not None:
                return algorithm(one.name, "kem", quantum=level)
            return algorithm(one.name, "key-agree", quantum=BROKEN_BY_SHOR)


def _level_of(pattern: re.Pattern[str], levels: Mapping[int, int], name: str) -> int | None:
    found = pattern.search(name)
    return None if found is None else levels[int(found[1])]


def _reference(component: Json) -> Json:
    return {"type": "algorithm", "ref": component["bom-ref"]}
