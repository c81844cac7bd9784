"""strongSwan and libreswan: which proposals an IKE responder accepts, and which version of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from model.registry.ike_transforms import Transform, TransformType
from policy.remediation.demands import Demands
from policy.remediation.ike_demands import IkeDemands
from policy.remediation.setting import ServerKind, Setting, Topic

_SWANCTL: Final = "in each connection of swanctl.conf, then `swanctl --load-conns`"
_IPSEC: Final = "in each `conn` of ipsec.conf, then `ipsec restart`"

_STRONGSWAN: Final[Mapping[str, str]] = {
    **{
        f"aes_{mode}_{size}_{bits}": f"aes{bits}{mode}{size}"
        for mode in ("gcm", "ccm")
        for size in (16, 12, 8)
        for bits in (256, 192, 128)
    },
    **{f"aes_cbc_{bits}": f"aes{bits}" for bits in (256, 192, 128)},
    **{f"aes_ctr_{bits}": f"aes{bits}ctr" for bits in (256, 192, 128)},
    **{f"camellia_cbc_{bits}": f"camellia{bits}" for bits in (256, 192, 128)},
    "chacha20_poly1305": "chacha20poly1305",
    "hmac_sha2_256": "prfsha256",
    "hmac_sha2_384": "prfsha384",
    "hmac_sha2_512": "prfsha512",
    "aes128_xcbc": "prfaesxcbc",
    "aes128_cmac": "prfaescmac",
    "hmac_sha2_256_128": "sha256",
    "hmac_sha2_384_192": "sha384",
    "hmac_sha2_512_256": "sha512",
    "aes_xcbc_96": "aesxcbc",
    "aes_cmac_96": "aescmac",
    "curve25519": "x25519",
    "curve448": "x448",
    **{f"ecp_{bits}": f"ecp{bits}" for bits in (256, 384, 521, 224, 192)},
    **{f"brainpool_{bits}": f"ecp{bits}bp" for bits in (256, 384, 512, 224)},
    **{f"modp_{bits}": f"modp{bits}" for bits in (2048, 3072, 4096, 6144, 8192)},
    "modp_2048_256": "modp2048s256",
    "modp_2048_224": "modp2048s224",
    "ml_kem_512": "mlkem512",
    "ml_kem_768": "mlkem768",
    "ml_kem_1024": "mlkem1024",
}
"""Keywords of proposals; transforms that RFC 8247 advises against have none here."""
_LIBRESWAN: Final[Mapping[str, str]] = {
    **{f"aes_gcm_16_{bits}": f"aes_gcm{bits}" for bits in (256, 192, 128)},
    **{f"aes_cbc_{bits}": f"aes{bits}" for bits in (256, 192, 128)},
    **{f"aes_ctr_{bits}": f"aes_ctr{bits}" for bits in (256, 192, 128)},
    "chacha20_poly1305": "chacha20_poly1305",
    "hmac_sha2_256": "sha2_256",
    "hmac_sha2_384": "sha2_384",
    "hmac_sha2_512": "sha2_512",
    "hmac_sha2_256_128": "sha2_256",
    "hmac_sha2_384_192": "sha2_384",
    "hmac_sha2_512_256": "sha2_512",
    "curve25519": "dh31",
    "ecp_256": "dh19",
    "ecp_384": "dh20",
    "ecp_521": "dh21",
    "modp_2048": "dh14",
    "modp_3072": "dh15",
    "modp_4096": "dh16",
    "modp_6144": "dh17",
    "modp_8192": "dh18",
}


def _for_strongswan(demands: Demands) -> Iterator[Setting]:
    yield Setting(topic=Topic.IKE_VERSIONS, place=_SWANCTL, lines=("version = 2",))
    proposals = list(_strongswan_proposals(demands.ike))
    if proposals:
        line = f"proposals = {', '.join(proposals)}"
        yield Setting(topic=Topic.IKE_TRANSFORMS, place=_SWANCTL, lines=(line,))


def _strongswan_proposals(ike: IkeDemands) -> Iterator[str]:
    def names(*kinds: TransformType) -> list[str]:
        return [name for kind in kinds for name in _named(ike.of(kind), _STRONGSWAN)]

    shared = names(TransformType.PRF, TransformType.KEY_EXCHANGE)
    shared += [f"ke1_{name}" for name in names(TransformType.ADDITIONAL_KEY_EXCHANGE)]
    for is_aead in (True, False):
        ciphers = _named(ike.encryption(is_aead=is_aead), _STRONGSWAN)
        integrity = [] if is_aead else names(TransformType.INTEGRITY)
        if ciphers and (is_aead or integrity):
            yield "-".join((*ciphers, *integrity, *shared))


def _for_libreswan(demands: Demands) -> Iterator[Setting]:
    yield Setting(topic=Topic.IKE_VERSIONS, place=_IPSEC, lines=("ikev2=insist",))
    proposals = list(_libreswan_proposals(demands.ike))
    if proposals:
        yield Setting(
            topic=Topic.IKE_TRANSFORMS, place=_IPSEC, lines=(f"ike={','.join(proposals)}",)
        )


def _libreswan_proposals(ike: IkeDemands) -> Iterator[str]:
    """One hash names the PRF and, without AEAD, the integrity algorithm too."""
    prfs = _named(ike.of(TransformType.PRF), _LIBRESWAN)
    both = [one for one in _named(ike.of(TransformType.INTEGRITY), _LIBRESWAN) if one in prfs]
    groups = _named(ike.of(TransformType.KEY_EXCHANGE), _LIBRESWAN)
    for is_aead, hashes in ((True, prfs), (False, both)):
        ciphers = _named(ike.encryption(is_aead=is_aead), _LIBRESWAN)
        if ciphers and hashes and groups:
            yield f"{'+'.join(ciphers)}-{'+'.join(hashes)};{'+'.join(groups)}"


def _named(transforms: Iterable[Transform], keywords: Mapping[str, str]) -> list[str]:
    return [keywords[one.name] for one in transforms if one.name in keywords]


STRONGSWAN: Final = ServerKind(
    name="strongSwan", aliases=("strongswan", "charon"), write=_for_strongswan
)
LIBRESWAN: Final = ServerKind(
    name="libreswan", aliases=("libreswan", "pluto"), write=_for_libreswan
)
