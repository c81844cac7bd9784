"""The demo's certificate authority: root, intermediate, and the leaf certificates of its servers.

All certificates are created at each start, so no private key ships with the project. The profile is
that of RFC 5280 as browsers require it (subject alternative names, key identifiers, key usages), so
each server has only its intended fault.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from model.frozen import frozen

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyType = Literal["ecdsa", "rsa"]

_ORGANISATION: Final = "tlsprobe demo"
_BACKDATED: Final = timedelta(days=365)


@frozen
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: PrivateKey

    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def private_key_pem(self) -> bytes:
        """The private key as unencrypted PKCS #8 in PEM."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class DemoAuthority:
    """A root and an issuing intermediate; ``now`` is the aware time that validity periods are computed from."""

    def __init__(self, now: datetime) -> None:
        # X.509 times have no fractions of a second.
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self.root = self._issue_ca("tlsprobe demo root", issuer=None, path_length=1)
        self.intermediate = self._issue_ca("tlsprobe demo issuer", issuer=self.root, path_length=0)

    def server(self, name: str, key_type: KeyType, days_left: int) -> Issued:
        """A leaf for a server called ``name``, which expires in ``days_left`` days.

        A negative number makes an expired certificate.
        """
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return self._issue_leaf(name, key_type, days_left, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, name: str) -> Issued:
        """A leaf that the server which requires client certificates accepts from a client called ``name``."""
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return self._issue_leaf(name, "ecdsa", 365, ExtendedKeyUsageOID.CLIENT_AUTH, names)

    def _issue_ca(self, name: str, issuer: Issued | None, path_length: int) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(name, key, issuer)
            .not_valid_before(self._now - 2 * _BACKDATED)
            .not_valid_after(self._now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(_key_usage(certificates=True), critical=True)
        )
        return _sign(builder, key, issuer)

    def _issue_leaf(
        self,
        name: str,
        key_type: KeyType,
        days_left: int,
        purpose: ObjectIdentifier,
        names: x509.SubjectAlternativeName,
    ) -> Issued:
        key = _new_key(key_type)
        usage = _key_usage(key_encipherment=isinstance(key, rsa.RSAPrivateKey))
        builder = (
            _builder(name, key, self.intermediate)
            .not_valid_before(self._now - _BACKDATED)
            .not_valid_after(self._now + timedelta(days=days_left))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(names, critical=False)
        )
        return _sign(builder, key, self.intermediate)


def _new_key(key_type: KeyType) -> PrivateKey:
    if key_type == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _builder(name: str, key: PrivateKey, issuer: Issued | None) -> x509.CertificateBuilder:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    issuer_name = issuer.certificate.subject if issuer else subject
    issuer_key = issuer.private_key if issuer else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )


def _sign(builder: x509.CertificateBuilder, key: PrivateKey, issuer: Issued | None) -> Issued:
    signing_key = issuer.private_key if issuer else key
    return Issued(certificate=builder.sign(signing_key, hashes.SHA256()), private_key=key)


def _key_usage(*, certificates: bool = False, key_encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
