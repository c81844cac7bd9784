"""Certificates parse to what cryptography reads in them; hostile ones to the readable part."""

from __future__ import annotations

import hashlib
from ipaddress import ip_address

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from model.certificates.certificate import KeyType
from pki.certificates import name_text, parse_certificate
from pki.certificates.reading.names import LONGEST_TEXT
from tests.pki.certificates.making import (
    DAY,
    NOW,
    SERVER_NAMES,
    Hash,
    Made,
    PrivateKey,
    dsa_key,
    make,
)

SIGNER = make("signer", is_ca=True, private_key=rsa.generate_private_key(65537, 2048))
SAMPLES = tuple(
    each.der
    for each in (
        SIGNER,
        make(
            "sample",
            issuer=SIGNER,
            names=(*SERVER_NAMES, x509.IPAddress(ip_address("::1"))),
            purposes=(x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1"),),
        ),
    )
)


def test_every_root_of_certifi_reads_as_cryptography_reads_it(
    recwarn: pytest.WarningsRecorder,
) -> None:
    with open(certifi.where(), "rb") as bundle:
        roots = x509.load_pem_x509_certificates(bundle.read())
    recwarn.clear()  # cryptography warns of serial numbers that are zero
    for root in roots:
        found = parse_certificate(root.public_bytes(serialization.Encoding.DER))
        assert (found.subject, found.issuer) == (
            root.subject.rfc4514_string(),
            root.issuer.rfc4514_string(),
        )
        assert (found.not_before, found.not_after) == (
            root.not_valid_before_utc,
            root.not_valid_after_utc,
        )
        assert int(found.serial_number or "", 16) == root.serial_number
        key = root.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        assert found.key_bits == key.key_size
        assert found.parse_error is None


def test_all_fields_of_a_sound_certificate_are_read() -> None:
    made = make(
        "a, b",
        issuer=SIGNER,
        names=(
            x509.DNSName("a.test"),
            x509.DNSName("*.b.test"),
            x509.IPAddress(ip_address("192.0.2.1")),
            x509.IPAddress(ip_address("2001:db8::1")),
            x509.RFC822Name("who@b.test"),
        ),
    )
    found = parse_certificate(made.der)
    assert found.sha256 == hashlib.sha256(made.der).hexdigest()
    assert found.der == made.der
    assert (found.subject, found.issuer) == ("CN=a\\, b", "CN=signer")
    assert found.serial_number == f"{made.certificate.serial_number:x}"
    assert found.dns_names == ("a.test", "*.b.test")
    assert found.ip_addresses == ("192.0.2.1", "2001:db8::1")
    assert (found.not_before, found.not_after) == (NOW - 30 * DAY, NOW + 30 * DAY)
    assert (found.key_type, found.key_bits) == (KeyType.ECDSA, 256)
    assert found.signature_algorithm == "sha256WithRSAEncryption"
    assert found.parse_error is None


@pytest.mark.parametrize(
    ("private_key", "key_type", "bits", "algorithm"),
    [
        (rsa.generate_private_key(65537, 3072), "rsa", 3072, "sha256WithRSAEncryption"),
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa", 521, "ecdsa-with-SHA256"),
        (ec.generate_private_key(ec.BrainpoolP384R1()), "ecdsa", 384, "ecdsa-with-SHA256"),
        (dsa_key(), "dsa", 2048, "dsa-with-sha256"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519", 256, "Ed25519"),
        (ed448.Ed448PrivateKey.generate(), "ed448", 456, "Ed448"),
        (mldsa.MLDSA44PrivateKey.generate(), "mldsa", 10496, "ML-DSA-44"),
        (mldsa.MLDSA65PrivateKey.generate(), "mldsa", 15616, "ML-DSA-65"),
        (mldsa.MLDSA87PrivateKey.generate(), "mldsa", 20736, "ML-DSA-87"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_key_is_read(
    private_key: PrivateKey, key_type: str, bits: int, algorithm: str
) -> None:
    found = parse_certificate(make("key", private_key=private_key, is_ca=True).der)
    assert (found.key_type, found.key_bits) == (key_type, bits)
    assert (found.signature_algorithm, found.parse_error) == (algorithm, None)


@pytest.mark.parametrize(
    ("hash_algorithm", "name"),
    [
        (hashes.SHA512(), "sha512WithRSAEncryption"),
        (hashes.SHA384(), "sha384WithRSAEncryption"),
        (hashes.SHA3_256(), "rsassa-pkcs1-v1-5-with-sha3-256"),
    ],
    ids=["sha512", "sha384", "sha3-256"],
)
def test_the_hash_is_part_of_the_signatures_name(hash_algorithm: Hash, name: str) -> None:
    found = parse_certificate(make("x", issuer=SIGNER, hash_algorithm=hash_algorithm).der)
    assert found.signature_algorithm == name


@pytest.mark.parametrize(
    ("hash_algorithm", "name"),
    [(hashes.SHA256(), "RSASSA-PSS-SHA256"), (hashes.SHA512(), "RSASSA-PSS-SHA512")],
    ids=["sha256", "sha512"],
)
def test_a_pss_signature_is_named_with_the_hash_of_its_parameters(
    hash_algorithm: Hash, name: str
) -> None:
    pss = padding.PSS(mgf=padding.MGF1(hash_algorithm), salt_length=32)
    made = make("x", issuer=SIGNER, hash_algorithm=hash_algorithm, rsa_padding=pss)
    assert parse_certificate(made.der).signature_algorithm == name


def test_an_rsa_pss_key_is_distinguished_from_an_rsa_key() -> None:
    # rsaEncryption with its NULL becomes id-RSASSA-PSS; NULL has the same length as SEQUENCE {}.
    der = SIGNER.der
    spki = bytes.fromhex("06092a864886f70d010101 0500 0382010f")
    assert der.count(spki) == 1
    changed = der.replace(spki, bytes.fromhex("06092a864886f70d01010a 3000 0382010f"))
    found = parse_certificate(changed)
    assert (found.key_type, found.key_bits) == (KeyType.RSA_PSS, 2048)


def test_an_unknown_curve_is_not_an_error_and_has_the_size_of_its_point() -> None:
    made = make("curve", private_key=ec.generate_private_key(ec.SECP256R1()), is_ca=True)
    sm2 = bytes.fromhex("2a811ccf5501822d")
    found = parse_certificate(made.der.replace(bytes.fromhex("2a8648ce3d030107"), sm2))
    assert (found.key_type, found.key_bits, found.parse_error) == (KeyType.ECDSA, 256, None)


@pytest.mark.parametrize(
    ("last_arc", "name"),
    [
        (2, "md2WithRSAEncryption"),
        (4, "md5WithRSAEncryption"),
        (5, "sha1WithRSAEncryption"),
        (127, "1.2.840.113549.1.1.127"),
    ],
)
def test_obsolete_signature_algorithms_are_named(last_arc: int, name: str) -> None:
    rsa_algorithms = bytes.fromhex("2a864886f70d0101")
    der = SIGNER.der.replace(rsa_algorithms + b"\x0b", rsa_algorithms + bytes([last_arc]))
    assert parse_certificate(der).signature_algorithm == name


def _with_serial_number(made: Made, change: int) -> bytes:
    """The certificate with another first octet in its serial number."""
    der = bytearray(made.der)
    number = made.certificate.serial_number
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    der[der.index(octets)] = change
    return bytes(der)


def test_a_negative_serial_number_is_an_error_and_everything_else_is_read() -> None:
    made = make("negative", issuer=SIGNER, names=SERVER_NAMES)
    found = parse_certificate(_with_serial_number(made, 0x80))
    assert found.serial_number is not None
    assert found.serial_number.startswith("-")
    assert found.parse_error is not None
    assert (found.subject, found.dns_names) == ("CN=negative", ("server.test",))
    assert found.not_after == NOW + 30 * DAY


def test_names_of_a_certificate_with_bad_extensions_are_still_read() -> None:
    made = make("bad extensions", issuer=SIGNER, names=(x509.DNSName("x.test"),))
    found = parse_certificate(made.der.replace(b"x.test", b"\xff.test"))
    assert found.parse_error is not None
    assert found.parse_error.startswith("The extensions cannot be parsed: ")
    assert found.subject == "CN=bad extensions"
    assert found.dns_names == ("\\xff.test",)


def test_a_name_in_the_wrong_encoding_is_escaped() -> None:
    der = make("encoded", issuer=SIGNER).der.replace(b"encoded", b"enc\xff\xfeed")
    found = parse_certificate(der)
    # The escape of the octet, whose backslash RFC 4514 escapes again.
    assert found.subject == r"CN=enc\\xff\\xfeed"
    assert found.parse_error is not None
    assert found.parse_error.startswith("The subject cannot be parsed: ")


def test_trailing_bytes_are_an_error() -> None:
    found = parse_certificate(SIGNER.der + b"\0")
    assert found.parse_error is not None
    assert found.subject == "CN=signer"


def test_a_long_name_is_cut() -> None:
    organisation = "x" * 60
    long = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] * 100)
    found = parse_certificate(make(long).der)
    assert found.subject is not None
    assert len(found.subject) == LONGEST_TEXT
    assert found.subject.endswith("…")


@pytest.mark.parametrize(
    "attributes",
    [
        [(NameOID.COMMON_NAME, " #leading and trailing ")],
        [(NameOID.COMMON_NAME, '"quoted"; <a>+b\\c,d')],
        [(NameOID.EMAIL_ADDRESS, "who@b.test"), (NameOID.COUNTRY_NAME, "DE")],
        [(NameOID.COMMON_NAME, "müller \0 日本")],
        [],
    ],
    ids=["spaces", "specials", "dotted", "unicode", "empty"],
)
def test_a_name_is_written_as_rfc_4514_requires(
    attributes: list[tuple[x509.ObjectIdentifier, str]],
) -> None:
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])
    assert name_text(name.public_bytes()) == name.rfc4514_string()


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(der: bytes) -> None:
    found = parse_certificate(der)
    assert found.parse_error is not None
    name_text(der)


@settings(max_examples=400)
@given(data=st.data(), der=st.sampled_from(SAMPLES))
def test_damaged_certificates_never_raise(data: st.DataObject, der: bytes) -> None:
    damaged = bytearray(der)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    found = parse_certificate(bytes(damaged[:end]))
    assert found.sha256 == hashlib.sha256(damaged[:end]).hexdigest()


def test_every_prefix_is_unparsable_and_keeps_its_readable_fields() -> None:
    der = SAMPLES[1]
    for end in range(len(der)):
        assert parse_certificate(der[:end]).parse_error is not None
    assert parse_certificate(der[:-50]).subject == "CN=sample"


def test_a_name_with_very_many_parts_is_partly_read() -> None:
    part = bytes.fromhex("310c300a06035504030c0361626d")
    many = part * 100_000
    name = b"\x30\x83" + len(many).to_bytes(3, "big") + many
    assert name_text(name).startswith("CN=abm,CN=abm,")
    assert len(name_text(name)) <= LONGEST_TEXT


def test_usages_and_urls_are_read_as_encoded() -> None:
    urls = ("http://ca.test/crl", "http://ca.test/other", "http://ocsp.test/", "http://ca.test/ca")
    first, second, responder, issuer = (x509.UniformResourceIdentifier(url) for url in urls)
    access = x509.oid.AuthorityInformationAccessOID
    points = [
        x509.DistributionPoint(full_name=[one], relative_name=None, reasons=None, crl_issuer=None)
        for one in (first, second)
    ]
    policies = [x509.ObjectIdentifier("2.23.140.1.2.2"), x509.ObjectIdentifier("1.2.3.4")]
    made = make(
        "sample",
        names=(
            x509.UniformResourceIdentifier("spiffe://zoo.test/db"),
            x509.RFC822Name("ops@zoo.test"),
        ),
        is_ca=True,
        path_length=3,
        purposes=(x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3")),
        extensions=(
            x509.CRLDistributionPoints(points),
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(access.OCSP, responder),
                    x509.AccessDescription(access.CA_ISSUERS, issuer),
                ]
            ),
            x509.CertificatePolicies([x509.PolicyInformation(one, None) for one in policies]),
            x509.TLSFeature([x509.TLSFeatureType.status_request]),
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=True,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=True,
            ),
        ),
    )
    found = parse_certificate(made.der)
    assert found.uris == ("spiffe://zoo.test/db",)
    assert found.email_addresses == ("ops@zoo.test",)
    assert (found.crl_urls, found.ocsp_urls, found.issuer_urls) == (urls[:2], urls[2:3], urls[3:])
    assert (found.policies, found.validation) == (("organization-validated", "1.2.3.4"), "ov")
    assert found.key_usage == ("digitalSignature", "keyAgreement", "decipherOnly")
    assert found.extended_key_usage == ("serverAuth", "1.2.3")
    assert (found.is_ca, found.path_length, found.must_staple) == (True, 3, True)
    spki = made.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert found.public_key_sha256 == hashlib.sha256(spki).hexdigest()


def test_a_certificate_without_restrictions_has_none() -> None:
    found = parse_certificate(make("plain").der)
    assert (found.key_usage, found.extended_key_usage, found.must_staple) == (None, None, False)
    assert (found.is_ca, found.path_length, found.validation) == (False, None, None)


def test_a_self_signed_certificate_is_reported_as_self_signed() -> None:
    root = make("root", is_ca=True)
    assert parse_certificate(root.der).is_self_signed
    assert not parse_certificate(make("server", issuer=root).der).is_self_signed
    namesake = make("root", issuer=root)
    assert not parse_certificate(namesake.der).is_self_signed
