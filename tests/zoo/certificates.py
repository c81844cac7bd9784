"""The certificates of the zoo, made once per test session by the cryptography library.

One root, one intermediate under it, and leaves of several key types; each leaf is valid for ``zoo.test``. The
Identity that a server gets determines which of them it serves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from model.certificates.certificate import KeyType, Problem
from tests.zoo.truth import SERVER_NAME, Chain

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

DAY = timedelta(days=1)
CLIENT_CA_NAME = "CN=zoo client CA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One key with its chain, as files, and the truth about the served chain."""

    key_type: KeyType
    key_file: Path
    leaf_file: Path
    chain_file: Path
    """The leaf, then the other served certificates, in PEM."""
    chain: Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """All identities of the zoo, and the authorities on both sides."""

    root_file: Path
    intermediate_file: Path
    client_ca_file: Path
    client_file: Path
    """A client's key and certificate, which the client CA issued, in PEM."""
    expired_client_file: Path
    """The same, but expired."""
    stranger_file: Path
    """The same from an unknown CA."""
    staple_file: Path
    """An OCSP response in DER: the RSA certificate is good, for one day from now."""
    rsa: Identity
    ecdsa: Identity
    ed25519: Identity
    expired: Identity
    without_intermediate: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def make_certificates(directory: Path) -> Certificates:
    """Makes every key and certificate of the zoo as PEM files in ``directory``."""
    root = _authority("zoo root", issuer=None)
    intermediate = _authority("zoo intermediate", issuer=root)
    client_ca = _authority("zoo client CA", issuer=None)
    rsa_key, ecdsa_key = _rsa_key(), ec.generate_private_key(ec.SECP256R1())

    leaves: dict[str, x509.Certificate] = {}

    def identity(
        name: str,
        key: PrivateKey,
        key_type: KeyType,
        *,
        expired: bool = False,
        problems: Sequence[Problem] = (),
    ) -> Identity:
        leaf = leaves[name] = _leaf(key, intermediate, expired=expired)
        served = [leaf] if Problem.INCOMPLETE in problems else [leaf, intermediate.certificate]
        return Identity(
            key_type=key_type,
            key_file=_write(directory / f"{name}.key", _key_pem(key)),
            leaf_file=_write(directory / f"{name}.leaf.pem", _pem(leaf)),
            chain_file=_write(directory / f"{name}.chain.pem", *map(_pem, served)),
            chain=Chain(sha256s=tuple(map(_sha256, served)), problems=frozenset(problems)),
        )

    rsa_identity = identity("rsa", rsa_key, KeyType.RSA)
    client_key = ec.generate_private_key(ec.SECP256R1())
    stranger = _authority("stranger", issuer=None)
    return Certificates(
        client_file=_write(
            directory / "client.pem", _key_pem(client_key), _pem(_client(client_key, client_ca))
        ),
        expired_client_file=_write(
            directory / "expired-client.pem",
            _key_pem(client_key),
            _pem(_client(client_key, client_ca, expired=True)),
        ),
        stranger_file=_write(
            directory / "stranger.pem", _key_pem(client_key), _pem(_client(client_key, stranger))
        ),
        staple_file=_write(directory / "staple.der", _staple(leaves["rsa"], intermediate)),
        root_file=_write(directory / "root.pem", _pem(root.certificate)),
        intermediate_file=_write(directory / "intermediate.pem", _pem(intermediate.certificate)),
        client_ca_file=_write(directory / "client-ca.pem", _pem(client_ca.certificate)),
        rsa=rsa_identity,
        ecdsa=identity("ecdsa", ecdsa_key, KeyType.ECDSA),
        ed25519=identity("ed25519", ed25519.Ed25519PrivateKey.generate(), KeyType.ED25519),
        expired=identity("expired", rsa_key, KeyType.RSA, expired=True, problems=[Problem.EXPIRED]),
        without_intermediate=identity(
            "without-intermediate", ecdsa_key, KeyType.ECDSA, problems=[Problem.INCOMPLETE]
        ),
    )


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _authority(common_name: str, *, issuer: _Authority | None) -> _Authority:
    key = _rsa_key()
    signer = issuer.key if issuer else key
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer.certificate.subject if issuer else _name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 400 * DAY)
        .not_valid_after(now + 400 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_issuer_key_identifier(signer), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _Authority(certificate=certificate, key=key)


def _leaf(key: PrivateKey, issuer: _Authority, *, expired: bool) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(SERVER_NAME))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 90 * DAY)
        .not_valid_after(now - DAY if expired else now + 90 * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_issuer_key_identifier(issuer.key), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _client(key: PrivateKey, issuer: _Authority, *, expired: bool = False) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name("zoo client"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 90 * DAY)
        .not_valid_after(now - DAY if expired else now + 90 * DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(_issuer_key_identifier(issuer.key), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _staple(leaf: x509.Certificate, issuer: _Authority) -> bytes:
    now = datetime.now(UTC).replace(microsecond=0)
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=leaf,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303 (the identifier that RFC 5019 demands)
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=now - DAY,
            next_update=now + DAY,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        .sign(issuer.key, hashes.SHA256())
    )
    return response.public_bytes(serialization.Encoding.DER)


def _issuer_key_identifier(key: rsa.RSAPrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _sha256(certificate: x509.Certificate) -> str:
    der = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).hexdigest()


def _write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path
