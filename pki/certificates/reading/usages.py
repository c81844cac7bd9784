"""What a certificate's extensions permit, and the URLs that they contain.

Each extension is read separately from its DER, because hostile and damaged certificates are read too;
unreadable values are omitted (RFC 5280, section 4.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from model.certificates.certificate import Validation
from model.frozen import frozen
from pki.certificates.reading.der import Element, Tag, elements, first, integer, object_identifier
from pki.certificates.reading.names import bounded

_MOST_ENTRIES: Final = 100
"""Maximum number of usages, policies and addresses; normal certificates have a handful."""

_KEY_USAGE: Final = "2.5.29.15"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
_CERTIFICATE_POLICIES: Final = "2.5.29.32"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_AUTHORITY_INFORMATION_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
_TLS_FEATURE: Final = "1.3.6.1.5.5.7.1.24"
_SCT_LIST: Final = "1.3.6.1.4.1.11129.2.4.2"

_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
_STATUS_REQUEST: Final = 5
_URI: Final = 0x86
_FIRST_CHOICE: Final = 0xA0

_KEY_USAGES: Final = (
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment"),
    *("keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"),
)
_PURPOSES: Final = {
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
}
_VALIDATIONS: Final = {
    "2.23.140.1.1": Validation.EXTENDED,
    "2.23.140.1.2.1": Validation.DOMAIN,
    "2.23.140.1.2.2": Validation.ORGANIZATION,
    "2.23.140.1.2.3": Validation.INDIVIDUAL,
}
"""CA/Browser Forum, Baseline Requirements, 7.1.6.1."""

_POLICY_NAMES: Final = {
    "2.5.29.32.0": "anyPolicy",
    "2.23.140.1.1": "extended-validation",
    "2.23.140.1.2.1": "domain-validated",
    "2.23.140.1.2.2": "organization-validated",
    "2.23.140.1.2.3": "individual-validated",
}


@frozen
class Usages:
    """The fields of ``model.certificates.certificate.Certificate`` with the same names."""

    key_usage: tuple[str, ...] | None
    extended_key_usage: tuple[str, ...] | None
    is_ca: bool | None
    path_length: int | None
    policies: tuple[str, ...]
    validation: Validation | None
    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    issuer_urls: tuple[str, ...]
    must_staple: bool
    embedded_scts: int


def read_usages(extensions: Mapping[str, bytes]) -> Usages:
    """The usages in the extensions, given by dotted identifier. Never raises."""
    constraints = first(extensions.get(_BASIC_CONSTRAINTS, b""), Tag.SEQUENCE)
    policies = tuple(_policies(extensions))
    return Usages(
        key_usage=_key_usage(extensions),
        extended_key_usage=_purposes(extensions),
        is_ca=None if constraints is None else _is_ca(constraints),
        path_length=_path_length(constraints),
        policies=tuple(_POLICY_NAMES.get(policy, policy) for policy in policies),
        validation=next((_VALIDATIONS[one] for one in policies if one in _VALIDATIONS), None),
        crl_urls=tuple(_crl_urls(extensions)),
        ocsp_urls=tuple(_access_urls(extensions, _OCSP)),
        issuer_urls=tuple(_access_urls(extensions, _CA_ISSUERS)),
        must_staple=_must_staple(extensions),
        embedded_scts=_count_scts(extensions),
    )


def _entries(extensions: Mapping[str, bytes], identifier: str) -> Iterator[Element]:
    """The members of an extension that is a SEQUENCE OF."""
    sequence = first(extensions.get(identifier, b""), Tag.SEQUENCE)
    return islice(elements(sequence.content), _MOST_ENTRIES) if sequence else iter(())


def _key_usage(extensions: Mapping[str, bytes]) -> tuple[str, ...] | None:
    """``KeyUsage ::= BIT STRING``, first bit highest (RFC 5280, 4.2.1.3)."""
    found = first(extensions.get(_KEY_USAGE, b""), Tag.BIT_STRING)
    if found is None or not found.content:
        return None
    bits = "".join(f"{octet:08b}" for octet in found.content[1:3])
    return tuple(name for name, bit in zip(_KEY_USAGES, bits, strict=False) if bit == "1")


def _purposes(extensions: Mapping[str, bytes]) -> tuple[str, ...] | None:
    if first(extensions.get(_EXTENDED_KEY_USAGE, b""), Tag.SEQUENCE) is None:
        return None
    found = (object_identifier(one.content) for one in _entries(extensions, _EXTENDED_KEY_USAGE))
    return tuple(_PURPOSES.get(one, one) for one in found if one is not None)


def _is_ca(constraints: Element) -> bool:
    """``cA BOOLEAN DEFAULT FALSE`` (RFC 5280, 4.2.1.9)."""
    found = first(constraints.content, Tag.BOOLEAN)
    return found is not None and found.content != b"\0"


def _path_length(constraints: Element | None) -> int | None:
    for member in constraints.children()[:2] if constraints else ():
        if member.tag == Tag.INTEGER and len(member.content) <= 2:
            return integer(member)
    return None


def _policies(extensions: Mapping[str, bytes]) -> Iterator[str]:
    """``PolicyInformation ::= SEQUENCE { policyIdentifier OBJECT IDENTIFIER, … }``"""
    for information in _entries(extensions, _CERTIFICATE_POLICIES):
        identifier = first(information.content, Tag.OBJECT_IDENTIFIER)
        name = object_identifier(identifier.content) if identifier else None
        if name is not None:
            yield name


def _crl_urls(extensions: Mapping[str, bytes]) -> Iterator[str]:
    """``DistributionPoint ::= SEQUENCE { distributionPoint [0] { fullName [0] GeneralNames }, … }``"""
    for point in _entries(extensions, _CRL_DISTRIBUTION_POINTS):
        named = first(point.content, _FIRST_CHOICE)
        names = first(named.content, _FIRST_CHOICE) if named else None
        for name in islice(elements(names.content), _MOST_ENTRIES) if names else ():
            if name.tag == _URI:
                yield _text(name)


def _access_urls(extensions: Mapping[str, bytes], method: str) -> Iterator[str]:
    """``AccessDescription ::= SEQUENCE { accessMethod, accessLocation GeneralName }`` (4.2.2.1)"""
    for description in _entries(extensions, _AUTHORITY_INFORMATION_ACCESS):
        members = description.children()[:2]
        is_uri = len(members) == 2 and members[1].tag == _URI
        if is_uri and object_identifier(members[0].content) == method:
            yield _text(members[1])


def _text(element: Element) -> str:
    return bounded(element.content.decode("ascii", errors="backslashreplace"))


def _must_staple(extensions: Mapping[str, bytes]) -> bool:
    """``TLSFEATURE EXTENSION ::= SEQUENCE OF INTEGER`` with status_request (RFC 7633)."""
    return any(
        integer(feature) == _STATUS_REQUEST
        for feature in _entries(extensions, _TLS_FEATURE)
        if feature.tag == Tag.INTEGER
    )


def _count_scts(extensions: Mapping[str, bytes]) -> int:
    """``SerializedSCT sct_list<1..2^16-1>``, each ``opaque<1..2^16-1>`` (RFC 6962, 3.3)."""
    wrapped = first(extensions.get(_SCT_LIST, b""), Tag.OCTET_STRING)
    listed = wrapped.content[2:] if wrapped else b""
    count = 0
    while len(listed) >= 2 and count < _MOST_ENTRIES:
        listed = listed[2 + int.from_bytes(listed[:2], "big") :]
        count += 1
    return count
