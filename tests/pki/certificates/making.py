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

# RFC 6979, appendix A.2.2: computing a new p takes a second, and modules make keys when they are imported.
_DSA_Q = 0xF2C3119374CE76C9356990B465374A17F23F9ED35089BD969F61C6DDE9998C1F
_DSA_P = int.from_bytes(
    bytes.fromhex("""
        9DB6FB5951B66BB6FE1E140F1D2CE5502374161FD6538DF1648218642F0B5C48
        C8F7A41AADFA187324B87674FA1822B00F1ECF8136943D7C55757264E5A1A44F
        FE012E9936E00C1D3E9310B01C7D179805D3058B2A9F4BB6F9716BFE6117C6B5
        B3CC4D9BE341104AD4A80AD6C94E005F4B993E14F091EB51743BF33050C38DE2
        35567E1B34C3D6A5C0CEAA1A0F368213C3D19843D0B4B09DCB9FC72D39C8DE41
        F1BF14D4BB4563CA28371621CAD3324B6A2D392145BEBFAC748805236F5CA2FE
        92B871CD8F9C36D3292B5509CA8CAA77A2ADFC7BFD77DDA6F71125A7456FEA15
        3E433256A2261C6A06ED3693797E7995FAD5AABBCFBE3EDA2741E375404AE25B
    """)
)


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


def dsa_key() -> dsa.DSAPrivateKey:
    """A new key of 2048 bits; its generator is made as FIPS 186-4, appendix A.2.1, makes one."""
    generator = pow(2, (_DSA_P - 1) // _DSA_Q, _DSA_P)
    parameters = dsa.DSAParameterNumbers(_DSA_P, _DSA_Q, generator).parameters()
    return parameters.generate_private_key()


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
