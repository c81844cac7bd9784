"""OCSP responses and revocation lists, sound or with one fault."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki.revocation.signed import RevocationQuery
from tests.pki.certificates.making import DAY, NOW, SERVER_NAMES, Made, make

ISSUER = make("issuer", is_ca=True)
STRANGER = make("stranger", is_ca=True)
LEAF = make("server", issuer=ISSUER, names=SERVER_NAMES)
OTHER = make("other", issuer=ISSUER)
RESPONDER = make("responder", issuer=ISSUER, purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,))
PLAIN = make("no responder", issuer=ISSUER)
LATE = make(
    "late responder",
    issuer=ISSUER,
    purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,),
    valid_to=NOW - DAY,
)

ABOUT = RevocationQuery(certificate=LEAF.der, issuer=ISSUER.der, position=0, at=NOW)
GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED


def response(
    *,
    about: Made = LEAF,
    issuer: Made = ISSUER,
    status: ocsp.OCSPCertStatus = GOOD,
    signer: Made | None = None,
    this_update: datetime = NOW - DAY,
    next_update: datetime | None = NOW + DAY,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> bytes:
    """Signed by ``signer``, or else the issuer; it contains a delegate's certificate. The extensions are critical."""
    is_revoked = status is REVOKED
    signer = signer or issuer
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=this_update,
            next_update=next_update,
            revocation_time=NOW - 2 * DAY if is_revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
    )
    if signer is not issuer:
        builder = builder.certificates([signer.certificate])
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    private = signer.key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(
    *revoked: tuple[Made, x509.ReasonFlags],
    signer: Made = ISSUER,
    name: Made = ISSUER,
    last_update: datetime = NOW - DAY,
    next_update: datetime = NOW + DAY,
    extensions: tuple[x509.ExtensionType, ...] = (),
    number: int = 5,
) -> bytes:
    """A list of these certificates with their reasons."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name.certificate.subject)
        .last_update(last_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    for made, reason in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(made.certificate.serial_number)
            .revocation_date(NOW - 2 * DAY)
            .add_extension(x509.CRLReason(reason), critical=False)
            .build()
        )
        builder = builder.add_revoked_certificate(entry)
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
