"""Client certificates load from PEM and PKCS #12; an unusable one is an error of one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from probe.crypto.identity import IdentityError, load_identity
from tests.pki.certificates.making import make

CA = make("client CA", is_ca=True)
CLIENT = make("client", issuer=CA)
OTHER = make("other", issuer=CA)
VARIABLE, PASSPHRASE = "TLSPROBE_TEST_PASSPHRASE", b"correct horse"


def key_pem(passphrase: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return CLIENT.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def test_an_identity_is_read_from_one_or_two_pem_files(tmp_path: Path) -> None:
    chain = write(tmp_path / "chain.pem", CLIENT.pem, CA.pem)
    key = write(tmp_path / "key.pem", key_pem())
    both = write(tmp_path / "both.pem", key_pem(), CLIENT.pem)
    found = load_identity("ours", chain, key)
    assert (found.certificate, found.issuers) == (CLIENT.certificate, (CA.certificate,))
    assert load_identity("ours", both).sha256 == found.sha256
    assert found.not_after == CLIENT.certificate.not_valid_after_utc


def test_a_passphrase_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, PASSPHRASE.decode())
    chain = write(tmp_path / "chain.pem", CLIENT.pem)
    key = write(tmp_path / "key.pem", key_pem(PASSPHRASE))
    assert isinstance(CLIENT.key, ec.EllipticCurvePrivateKey)
    sealed = pkcs12.serialize_key_and_certificates(
        b"client",
        CLIENT.key,
        CLIENT.certificate,
        [CA.certificate],
        BestAvailableEncryption(PASSPHRASE),
    )
    store = write(tmp_path / "client.p12", sealed)
    for found in (
        load_identity("ours", chain, key, VARIABLE),
        load_identity("ours", store, passphrase_variable=VARIABLE),
    ):
        assert found.certificate == CLIENT.certificate
        assert PASSPHRASE.decode() not in repr(found)


def test_an_unusable_identity_is_reported_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = write(tmp_path / "chain.pem", CLIENT.pem)
    sealed = write(tmp_path / "key.pem", key_pem(PASSPHRASE))
    plain = write(tmp_path / "plain.pem", key_pem())
    other = write(tmp_path / "other.pem", OTHER.pem)
    junk = write(tmp_path / "junk", b"\x30\x03junk")
    monkeypatch.delenv(VARIABLE, raising=False)
    for files, told in (
        ((tmp_path / "nowhere", None, None), "cannot be read"),
        ((chain, sealed, VARIABLE), "the environment variable TLSPROBE_TEST_PASSPHRASE is not set"),
        ((chain, sealed, None), "no certificate and key that can be used"),
        ((chain, None, None), "no certificate and key that can be used"),
        ((junk, None, None), "no certificate and key that can be used"),
        ((other, plain, None), "the key does not belong to the certificate"),
    ):
        with pytest.raises(IdentityError, match=told) as refused:
            load_identity("ours", *files)
        assert "the client identity ours" in str(refused.value)
