"""Certificates that are costly to read, judge or store."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hostile import der
from tests.hostile.mode import SERVER_NAME

ALTERNATIVE_NAMES, NAME_CONSTRAINTS = "2.5.29.17", "2.5.29.30"
DISTRIBUTION_POINTS, POLICIES = "2.5.29.31", "2.5.29.32"
AUTHORITY_ACCESS, TIMESTAMPS = "1.3.6.1.5.5.7.1.1", "1.3.6.1.4.1.11129.2.4.2"
ISSUERS, RESPONDERS = der.oid("1.3.6.1.5.5.7.48.2"), der.oid("1.3.6.1.5.5.7.48.1")
MEGABYTE: Final = 1_000_000
_serials: Final = count(1)


def rsa(bits: int, exponent_bits: int) -> bytes:
    """A certificate with an RSA key of ``bits`` bits, and a public exponent of ``exponent_bits`` bits."""
    exponent = der.number_of_bits(exponent_bits) if exponent_bits > 2 else exponent_bits
    return der.certificate(key=der.rsa_key(der.number_of_bits(bits), exponent))


def dsa(bits: int) -> bytes:
    """A certificate with a DSA key whose p has ``bits`` bits (RFC 3279, 2.3.2)."""
    prime = der.integer(der.number_of_bits(bits))
    parameters = der.sequence(prime, der.integer(der.number_of_bits(bits // 2)), der.integer(2))
    algorithm = der.sequence(der.oid("1.2.840.10040.4.1"), parameters)
    return der.certificate(key=der.sequence(algorithm, der.bit_string(prime)))


def explicit_curve(bits: int) -> bytes:
    """A certificate with a curve by explicit parameters (SEC 1, C.2), over a field of the given size."""
    size = bits // 8
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(der.number_of_bits(bits)))
    curve = der.sequence(der.octets(b"\x01" * size), der.octets(b"\x02" * size))
    point = b"\x04" + b"\x03" * (2 * size)
    parameters = der.sequence(
        der.integer(1),
        field,
        curve,
        der.octets(point),
        der.integer(der.number_of_bits(bits)),
        der.integer(1),
    )
    algorithm = der.sequence(der.oid("1.2.840.10045.2.1"), parameters)
    return der.certificate(key=der.sequence(algorithm, der.bit_string(point)))


def _dns_names(count_of_names: int, pattern: str) -> bytes:
    return b"".join(
        der.tlv(0x82, pattern.format(number).encode()) for number in range(count_of_names)
    )


def with_names(number: int, pattern: str) -> bytes:
    """A certificate for ``number`` DNS names."""
    content = der.sequence(_dns_names(number, pattern))
    return der.certificate(extensions=der.extension(ALTERNATIVE_NAMES, content))


def many_attributes(number: int) -> bytes:
    """A certificate whose subject has ``number`` attributes of one letter."""
    return der.certificate(subject=der.sequence(der.relative_name("a") * number))


def deeply_nested(depth: int) -> bytes:
    """A certificate with an extension of ``depth`` nested sequences."""
    content = b""
    for _ in range(depth):
        content = der.sequence(content)
    return der.certificate(extensions=der.extension("1.2.3.4", content))


def many_urls(url: str, number: int) -> bytes:
    """A certificate that lists ``number`` issuers, OCSP responders and CRLs each."""
    places = [der.tlv(0x86, f"{url}{at}".encode()) for at in range(number)]
    access = b"".join(
        der.sequence(kind, place) for kind in (ISSUERS, RESPONDERS) for place in places
    )
    points = b"".join(der.sequence(der.tlv(0xA0, der.tlv(0xA0, place))) for place in places)
    return der.certificate(
        issuer=der.name("an unknown authority"),
        extensions=der.extension(AUTHORITY_ACCESS, der.sequence(access))
        + der.extension(DISTRIBUTION_POINTS, der.sequence(points)),
    )


def many_extensions(number: int) -> bytes:
    """A certificate with ``number`` unknown critical extensions."""
    one = der.extension("1.2.3.5", b"", is_critical=True)
    return der.certificate(extensions=one * number)


def many_policies(number: int) -> bytes:
    """A certificate with ``number`` policies."""
    policies = [der.sequence(der.oid(f"1.2.3.{at}")) for at in range(number)]
    return der.certificate(extensions=der.extension(POLICIES, der.sequence(*policies)))


def many_timestamps(number: int) -> bytes:
    """A certificate with ``number`` signed timestamps of two bytes (RFC 6962, section 3.3)."""
    listed = b"\x00\x02\x00\x00" * number
    content = der.octets(len(listed).to_bytes(2, "big") + listed)
    return der.certificate(extensions=der.extension(TIMESTAMPS, content))


def odd_text(length: int) -> bytes:
    """A certificate whose name is a text of ``length`` bytes that are not valid UTF-8."""
    attribute = der.sequence(der.COMMON_NAME, der.tlv(0x0C, b"\xff\xfe\x1b[31m" * (length // 7)))
    return der.certificate(subject=der.sequence(der.tlv(0x31, attribute)))


@functools.cache
def _megabyte_of_padding() -> bytes:
    return der.extension("1.2.3.6", bytes(MEGABYTE))


def new_certificate_of_a_megabyte() -> bytes:
    """A certificate of 1 MB, different at each call."""
    return der.certificate(serial=next(_serials), extensions=_megabyte_of_padding())


def another_key() -> bytes:
    """A small certificate with a different key at each call."""
    number = der.number_of_bits(2048) - 2 * next(_serials)
    return der.certificate(key=der.rsa_key(number, 65537), serial=next(_serials))


@functools.cache
def _trusted() -> x509.Certificate:
    """A trusted root that signed none of these certificates."""
    return x509.load_pem_x509_certificate(Path(certifi.where()).read_bytes())


def _issuer_key(issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.ExtensionType:
    """The key identifier of the claimed issuer: the root's own key, under its name."""
    if issuer == _trusted().subject:
        of_root = _trusted().extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_root.value)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> bytes:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=300),
    )
    for content in (
        *extensions,
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        _issuer_key(issuer, by),
    ):
        is_critical = isinstance(content, _CRITICAL)
        builder = builder.add_extension(content, critical=is_critical)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER)


_CRITICAL: Final = (x509.BasicConstraints, x509.NameConstraints, x509.KeyUsage)
_AUTHORITY: Final = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    ),
)
_FOR_SERVERS: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_FOR_THE_NAME: Final = x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)])


def cross_signed(layers: int) -> tuple[bytes, ...]:
    """A leaf below ``layers`` layers of two authorities each: 2 to the power of ``layers`` paths.

    All paths seem to lead to a trusted root, and none does.
    """
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(layers + 2)]
    names = [_named(f"layer {at}") for at in range(layers + 1)] + [_trusted().subject]
    leaf = _signed(_named(SERVER_NAME), names[1], keys[0], keys[1], _FOR_SERVERS, _FOR_THE_NAME)
    authorities = [
        _signed(names[at], names[at + 1], keys[at], keys[at + 1], *_AUTHORITY)
        for at in range(1, layers + 1)
        for _ in range(2)
    ]
    return (leaf, *authorities)


def in_a_circle(length: int) -> tuple[bytes, ...]:
    """``length`` authorities, each issued by each of the others."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(length)]
    pairs = [(at, by) for at in range(length) for by in range(length) if at != by]
    names = [_named(f"circle {at}") for at in range(length)]
    leaf = _signed(_named(SERVER_NAME), names[0], keys[0], keys[0], _FOR_SERVERS, _FOR_THE_NAME)
    return (
        leaf,
        *(_signed(names[at], names[by], keys[at], keys[by], *_AUTHORITY) for at, by in pairs),
    )


def constrained(names: int, constraints: int) -> tuple[bytes, ...]:
    """Names in the leaf times constraints in its issuer (RFC 5280, section 4.2.1.10)."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    permitted = [x509.DNSName(f"p{at}.zoo.test") for at in range(constraints - 1)]
    # The constraint that permits all names is last, so that each name is checked against every one.
    permitted.append(x509.DNSName("zoo.test"))
    limits = x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)
    listed = x509.SubjectAlternativeName([x509.DNSName(f"n{at}.zoo.test") for at in range(names)])
    return (
        _signed(_named(SERVER_NAME), _named("constrained"), leaf, root, _FOR_SERVERS, listed),
        _signed(_named("constrained"), _trusted().subject, root, root, *_AUTHORITY, limits),
    )
