"""Certificates of every kind, sound or with one fault, made by the cryptography library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.x509.oid import NameOID

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)

Hash: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | hashes.SHA3_256

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The time for which all certificates here are made, and at which they are judged."""

DAY = timedelta(days=1)
SERVER_NAME = "server.test"
SERVER_NAMES = (x509.DNSName(SERVER_NAME),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def make(
    subject: str | x509.Name,
    *,
    issuer: Made | None = None,
    issuer_name: x509.Name | None = None,
    private_key: PrivateKey | None = None,
    is_ca: bool = False,
    valid_from: datetime = NOW - 30 * DAY,
    valid_to: datetime = NOW + 30 * DAY,
    names: tuple[x509.GeneralName, ...] = (),
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
    path_length: int | None = None,
    key_identifiers: bool = True,
    extensions: tuple[x509.ExtensionType, ...] = (),
    hints: tuple[x509.ExtensionType, ...] = (),
    hash_algorithm: Hash | None = None,
    rsa_padding: padding.PSS | None = None,
) -> Made:
    """A certificate; self-signed without ``issuer``. ``issuer_name`` overrides the issuer that it names.

    ``extensions`` are critical, ``hints`` are not.
    """
    own_key = private_key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else own_key
    subject_name = name(subject) if isinstance(subject, str) else subject
    said = issuer_name or (issuer.certificate.subject if issuer else subject_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(said)
        .public_key(own_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_to)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
    )
    if key_identifiers:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(own_key.public_key()), critical=False
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    for hint in hints:
        builder = builder.add_extension(hint, critical=False)
    unhashed = isinstance(
        signer,
        ed25519.Ed25519PrivateKey
        | ed448.Ed448PrivateKey
        | mldsa.MLDSA44PrivateKey
        | mldsa.MLDSA65PrivateKey
        | mldsa.MLDSA87PrivateKey,
    )
    signed = builder.sign(
        signer, None if unhashed else hash_algorithm or hashes.SHA256(), rsa_padding=rsa_padding
    )
    return Made(certificate=signed, key=own_key)


def with_old_hash(made: Made, issuer: Made, hash_algorithm: hashes.SHA1 | hashes.MD5) -> Made:
    """The certificate signed again by the issuer's RSA key over SHA-1 or MD5, which libraries no longer do."""
    key = issuer.key
    assert isinstance(key, rsa.RSAPrivateKey)
    arc = b"\x05" if hash_algorithm.name == "sha1" else b"\x04"
    prefix = bytes.fromhex("2a864886f70d0101")
    signed = made.certificate.tbs_certificate_bytes
    weak = signed.replace(prefix + b"\x0b", prefix + arc)
    signature = key.sign(weak, padding.PKCS1v15(), hash_algorithm)
    old = made.certificate
    der = made.der.replace(signed, weak).replace(old.signature, signature)
    der = der.replace(prefix + b"\x0b", prefix + arc)
    return Made(certificate=x509.load_der_x509_certificate(der), key=made.key)
