"""The key exchange methods of SSH that tlsprobe can finish (RFC 4253, 8; RFC 5656; RFC 8731; draft-ietf-sshm-mlkem-hybrid-kex).

A private key is derived from a seed, so that a recorded exchange can be verified again. It never protects
secret data: the exchange ends before anything is encrypted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from model.frozen import frozen
from probe.ssh.messages import mpint, string

_X25519_LENGTH: Final = 32
_MLKEM768_CIPHERTEXT: Final = 1_088

_GROUP14: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
"""The 2048-bit MODP group of RFC 3526, whose generator is 2."""
_EXPONENT_LENGTH: Final = 32


class PrivateHalf(Protocol):
    """Our half of one exchange. ``public`` is the field of SSH_MSG_KEX_*_INIT, with its length."""

    public: bytes

    def secret(self, server_public: bytes) -> bytes:
        """The shared secret as it enters the exchange hash. Raises ValueError for a public value that is not valid."""
        ...


class _X25519:
    def __init__(self, seed: bytes) -> None:
        self._private = x25519.X25519PrivateKey.from_private_bytes(seed[:_X25519_LENGTH])
        self.raw = self._private.public_key().public_bytes_raw()
        self.public = string(self.raw)

    def raw_secret(self, server_public: bytes) -> bytes:
        return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(server_public))

    def secret(self, server_public: bytes) -> bytes:
        return mpint(int.from_bytes(self.raw_secret(server_public), "big"))


class _Curve:
    def __init__(self, curve: ec.EllipticCurve, seed: bytes) -> None:
        self._curve = curve
        self._private = ec.derive_private_key(int.from_bytes(seed[:31], "big") + 1, curve)
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.public = string(point)

    def secret(self, server_public: bytes) -> bytes:
        point = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, server_public)
        return mpint(int.from_bytes(self._private.exchange(ec.ECDH(), point), "big"))


class _Group14:
    def __init__(self, seed: bytes) -> None:
        self._exponent = int.from_bytes(seed[:_EXPONENT_LENGTH], "big") | 1 << 255
        self.public = mpint(pow(2, self._exponent, _GROUP14))

    def secret(self, server_public: bytes) -> bytes:
        number = int.from_bytes(server_public, "big")
        if not 1 < number < _GROUP14 - 1:
            raise ValueError("public value out of range")
        return mpint(pow(number, self._exponent, _GROUP14))


class _MlKem768X25519:
    """The secret is the hash of both secrets, the one of ML-KEM first, as a string."""

    def __init__(self, seed: bytes) -> None:
        self._mlkem = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed[:64])
        self._x25519 = _X25519(hashlib.sha256(seed).digest())
        self.public = string(self._mlkem.public_key().public_bytes_raw() + self._x25519.raw)

    def secret(self, server_public: bytes) -> bytes:
        if len(server_public) != _MLKEM768_CIPHERTEXT + _X25519_LENGTH:
            raise ValueError("public value of the wrong length")
        ciphertext, raw = (
            server_public[:_MLKEM768_CIPHERTEXT],
            server_public[_MLKEM768_CIPHERTEXT:],
        )
        secrets = self._mlkem.decapsulate(ciphertext) + self._x25519.raw_secret(raw)
        return string(hashlib.sha256(secrets).digest())


_Maker: TypeAlias = Callable[[bytes], PrivateHalf]


@frozen
class Method:
    """One key exchange method: the hash of its exchange, and what makes our half from a seed of 64 bytes."""

    digest: str
    private_half: _Maker


def _curve(curve: ec.EllipticCurve) -> _Maker:
    return lambda seed: _Curve(curve, seed)


METHODS: Final = {
    "curve25519-sha256": Method(digest="sha256", private_half=_X25519),
    "curve25519-sha256@libssh.org": Method(digest="sha256", private_half=_X25519),
    "ecdh-sha2-nistp256": Method(digest="sha256", private_half=_curve(ec.SECP256R1())),
    "ecdh-sha2-nistp384": Method(digest="sha384", private_half=_curve(ec.SECP384R1())),
    "ecdh-sha2-nistp521": Method(digest="sha512", private_half=_curve(ec.SECP521R1())),
    "diffie-hellman-group14-sha256": Method(digest="sha256", private_half=_Group14),
    "diffie-hellman-group14-sha1": Method(digest="sha1", private_half=_Group14),
    "mlkem768x25519-sha256": Method(digest="sha256", private_half=_MlKem768X25519),
}
"""By their names in KEXINIT, the cheapest first."""
