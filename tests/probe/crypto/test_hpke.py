"""HPKE as a sender: the RFC's test vectors, and messages that another implementation decrypts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import x25519
from hypothesis import given
from hypothesis import strategies as st

from probe.crypto.hpke import AEADS, KDFS, SenderContext, sealed_length

INFO: Final = "4f6465206f6e2061204772656369616e2055726e"
PLAINTEXT: Final = "4265617574792069732074727574682c20747275746820626561757479"
KDF_OF: Final = {
    1: hpke.KDF.HKDF_SHA256,
    2: hpke.KDF.HKDF_SHA384,
    3: hpke.KDF.HKDF_SHA512,
}
AEAD_OF: Final = {
    1: hpke.AEAD.AES_128_GCM,
    2: hpke.AEAD.AES_256_GCM,
    3: hpke.AEAD.CHACHA20_POLY1305,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """The keys, and the ciphertexts of the messages 0 and 1, whose associated data are their numbers."""

    aead: int
    ephemeral: str
    recipient: str
    encapsulated: str
    ciphertexts: tuple[str, ...]


VECTORS: Final = (
    Vector(
        aead=1,
        ephemeral="52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        recipient="3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        encapsulated="37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        ciphertexts=(
            "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
            "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84",
        ),
    ),
    Vector(
        aead=3,
        ephemeral="f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
        recipient="4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
        encapsulated="1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
        ciphertexts=(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
            "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
        ),
    ),
)
"""RFC 9180, appendices A.1.1 and A.2.1."""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"aead {one.aead}")
def test_the_messages_are_those_of_the_rfc(vector: Vector) -> None:
    context = SenderContext(
        bytes.fromhex(vector.recipient),
        bytes.fromhex(INFO),
        kdf=1,
        aead=vector.aead,
        ephemeral=bytes.fromhex(vector.ephemeral),
    )
    assert context.encapsulated.hex() == vector.encapsulated
    for number, ciphertext in enumerate(vector.ciphertexts):
        sealed = context.seal(f"Count-{number}".encode(), bytes.fromhex(PLAINTEXT))
        assert sealed.hex() == ciphertext


@pytest.mark.parametrize(("kdf", "aead"), list(product(KDFS, AEADS)))
@given(
    info=st.binary(max_size=64),
    plaintext=st.binary(max_size=64),
    seed=st.binary(min_size=32, max_size=32),
)
def test_cryptography_decrypts_the_first_message(
    kdf: int, aead: int, info: bytes, plaintext: bytes, seed: bytes
) -> None:
    """Its HPKE has no associated data."""
    recipient = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = recipient.public_key().public_bytes_raw()
    context = SenderContext(public, info, kdf=kdf, aead=aead, ephemeral=seed)
    sealed = context.seal(b"", plaintext)
    assert len(sealed) == sealed_length(len(plaintext))
    suite = hpke.Suite(hpke.KEM.X25519, KDF_OF[kdf], AEAD_OF[aead])
    assert suite.decrypt(context.encapsulated + sealed, recipient, info) == plaintext


def test_a_public_value_of_low_order_is_refused() -> None:
    with pytest.raises(ValueError, match="shared key"):
        SenderContext(bytes(32), b"", kdf=1, aead=1, ephemeral=bytes(range(32)))
