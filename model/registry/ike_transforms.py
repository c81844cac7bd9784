"""The transforms of IKEv2 that are asked, by IANA's registry *IKEv2 Parameters*, and the names of their facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Final

from model.frozen import frozen


class TransformType(IntEnum):
    """The types of transforms of an IKE proposal (RFC 7296, section 3.3.2; RFC 9370, section 2.2.1)."""

    ENCRYPTION = 1
    PRF = 2
    INTEGRITY = 3
    KEY_EXCHANGE = 4
    ADDITIONAL_KEY_EXCHANGE = 6
    """ADDKE1, the first of seven; servers that have only later ones do not exist."""

    @property
    def words(self) -> str:
        """The type as people write it."""
        return "PRF" if self is TransformType.PRF else self.name.lower().replace("_", " ")


@frozen
class Transform:
    """One algorithm. ``name`` is its fact without the type, ``key_bits`` its key length attribute, and ``is_aead``
    whether it needs no integrity algorithm. ``is_weak`` is whether RFC 8247 or RFC 9395 advises against it, or its
    blocks have 64 bits, or it is SHA-1."""

    type: TransformType
    number: int
    name: str
    key_bits: int = 0
    is_aead: bool = False
    is_weak: bool = False

    @property
    def fact(self) -> str:
        """The name of the fact whether a responder accepts it."""
        return f"{self.type.name.lower()}_{self.name}"


def _keyed(number: int, name: str, *, is_aead: bool = False) -> Iterator[Transform]:
    for bits in (256, 192, 128):
        yield Transform(
            type=TransformType.ENCRYPTION,
            number=number,
            name=f"{name}_{bits}",
            key_bits=bits,
            is_aead=is_aead,
        )


def _plain(
    kind: TransformType, rows: Mapping[int, str], weak: frozenset[int]
) -> tuple[Transform, ...]:
    return tuple(
        Transform(type=kind, number=number, name=name, is_weak=number in weak)
        for number, name in rows.items()
    )


ENCRYPTION: Final = (
    *_keyed(20, "aes_gcm_16", is_aead=True),
    Transform(type=TransformType.ENCRYPTION, number=28, name="chacha20_poly1305", is_aead=True),
    *_keyed(19, "aes_gcm_12", is_aead=True),
    *_keyed(18, "aes_gcm_8", is_aead=True),
    *_keyed(16, "aes_ccm_16", is_aead=True),
    *_keyed(15, "aes_ccm_12", is_aead=True),
    *_keyed(14, "aes_ccm_8", is_aead=True),
    *_keyed(12, "aes_cbc"),
    *_keyed(13, "aes_ctr"),
    *_keyed(23, "camellia_cbc"),
    Transform(type=TransformType.ENCRYPTION, number=3, name="3des", is_weak=True),
    Transform(type=TransformType.ENCRYPTION, number=2, name="des", is_weak=True),
    Transform(
        type=TransformType.ENCRYPTION, number=7, name="blowfish_128", key_bits=128, is_weak=True
    ),
    Transform(type=TransformType.ENCRYPTION, number=6, name="cast_128", key_bits=128, is_weak=True),
    Transform(type=TransformType.ENCRYPTION, number=11, name="null", is_weak=True),
)
PRF: Final = _plain(
    TransformType.PRF,
    {
        5: "hmac_sha2_256",
        6: "hmac_sha2_384",
        7: "hmac_sha2_512",
        4: "aes128_xcbc",
        8: "aes128_cmac",
        2: "hmac_sha1",
        1: "hmac_md5",
    },
    frozenset({1, 2}),
)
INTEGRITY: Final = _plain(
    TransformType.INTEGRITY,
    {
        12: "hmac_sha2_256_128",
        13: "hmac_sha2_384_192",
        14: "hmac_sha2_512_256",
        5: "aes_xcbc_96",
        8: "aes_cmac_96",
        2: "hmac_sha1_96",
        1: "hmac_md5_96",
    },
    frozenset({1, 2}),
)
_ML_KEM: Final = {35: "ml_kem_512", 36: "ml_kem_768", 37: "ml_kem_1024"}
KEY_EXCHANGE: Final = _plain(
    TransformType.KEY_EXCHANGE,
    {
        31: "curve25519",
        19: "ecp_256",
        20: "ecp_384",
        21: "ecp_521",
        32: "curve448",
        14: "modp_2048",
        15: "modp_3072",
        16: "modp_4096",
        17: "modp_6144",
        18: "modp_8192",
        28: "brainpool_256",
        29: "brainpool_384",
        30: "brainpool_512",
        27: "brainpool_224",
        26: "ecp_224",
        25: "ecp_192",
        24: "modp_2048_256",
        23: "modp_2048_224",
        22: "modp_1024_160",
        5: "modp_1536",
        2: "modp_1024",
        1: "modp_768",
    }
    | _ML_KEM,
    frozenset({1, 2, 5, 22}),
)
ADDITIONAL_KEY_EXCHANGE: Final = _plain(TransformType.ADDITIONAL_KEY_EXCHANGE, _ML_KEM, frozenset())
TRANSFORMS: Final[Mapping[TransformType, tuple[Transform, ...]]] = {
    TransformType.ENCRYPTION: ENCRYPTION,
    TransformType.PRF: PRF,
    TransformType.INTEGRITY: INTEGRITY,
    TransformType.KEY_EXCHANGE: KEY_EXCHANGE,
    TransformType.ADDITIONAL_KEY_EXCHANGE: ADDITIONAL_KEY_EXCHANGE,
}
"""All that are asked, by type; strong ones first."""

POST_QUANTUM: Final = tuple(
    one.fact for one in (*KEY_EXCHANGE, *ADDITIONAL_KEY_EXCHANGE) if one.number in _ML_KEM
)
"""The facts of key exchanges that resist quantum computers."""
