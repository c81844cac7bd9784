"""The fields of a certificate as encoded in its DER, whatever else is wrong with it.

Servers send certificates that every library rejects, and an auditor wants to see their owner and expiry date.
So fields are read one by one, and an unreadable field is None.
RFC 5280, section 4.1:

``TBSCertificate ::= SEQUENCE { version [0], serialNumber, signature, issuer, validity, subject,
subjectPublicKeyInfo, issuerUniqueID [1], subjectUniqueID [2], extensions [3] }``
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from model.frozen import frozen
from pki.certificates.memoized import remembered
from pki.certificates.reading.der import (
    MOST_ELEMENTS,
    Element,
    Tag,
    elements,
    first,
    integer,
    object_identifier,
)
from pki.certificates.reading.names import Name, bounded, read_name

_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_DNS_NAME: Final = 0x82
_IP_ADDRESS: Final = 0x87
_EMAIL: Final = 0x81
_URI: Final = 0x86
_KEY_IDENTIFIER: Final = 0x80
_LEADING_TAGS: Final = (Tag.INTEGER, *(Tag.SEQUENCE,) * 5)

_MOST_MEMBERS: Final = 3
"""``Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue }`` (RFC 5280, 4.1)."""

_TIME: Final = re.compile("([0-9]{4})" + 5 * "([0-9]{2})" + "Z")

_SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
_KEY_USAGE: Final = "2.5.29.15"
_SUBJECT_ALT_NAME: Final = "2.5.29.17"
_AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"


@frozen
class CertificateFields:
    """The readable fields. ``extensions`` maps dotted identifiers to the DER of their values.

    ``alternative_names`` has the subject's alternative names of every type, up to MOST_ELEMENTS.
    """

    serial_number: int | None = None
    signature_algorithm: Element | None = None
    issuer: Name | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    subject: Name | None = None
    public_key: Element | None = None
    extensions: Mapping[str, bytes] = field(default_factory=dict)
    alternative_names: tuple[Element, ...] = ()

    def dns_names(self) -> tuple[str, ...]:
        """The dNSName entries of the subject alternative name, as encoded."""
        return self._alternative_texts(_DNS_NAME)

    def uris(self) -> tuple[str, ...]:
        """The uniformResourceIdentifier entries, such as a SPIFFE id."""
        return self._alternative_texts(_URI)

    def email_addresses(self) -> tuple[str, ...]:
        """The rfc822Name entries."""
        return self._alternative_texts(_EMAIL)

    def ip_addresses(self) -> tuple[str, ...]:
        """The iPAddress entries of the subject alternative name that have 4 or 16 octets."""
        return tuple(
            str(ipaddress.ip_address(content))
            for content in self._alternative_names(_IP_ADDRESS)
            if len(content) in (4, 16)
        )

    def subject_key_identifier(self) -> bytes | None:
        """This certificate's identifier for its own key."""
        found = first(self.extensions.get(_SUBJECT_KEY_IDENTIFIER, b""), Tag.OCTET_STRING)
        return found.content if found else None

    def authority_key_identifier(self) -> bytes | None:
        """This certificate's identifier for the key that signed it."""
        sequence = first(self.extensions.get(_AUTHORITY_KEY_IDENTIFIER, b""), Tag.SEQUENCE)
        found = first(sequence.content, _KEY_IDENTIFIER) if sequence else None
        return found.content if found else None

    def key_usage(self) -> int | None:
        """The first octet of the key usage bits, digitalSignature highest; None if not limited."""
        found = first(self.extensions.get(_KEY_USAGE, b""), Tag.BIT_STRING)
        return found.content[1] if found and len(found.content) > 1 else None

    def extended_key_usage(self) -> frozenset[str] | None:
        """The dotted identifiers of the permitted purposes; None if not limited."""
        sequence = first(self.extensions.get(_EXTENDED_KEY_USAGE, b""), Tag.SEQUENCE)
        if sequence is None:
            return None
        purposes = (object_identifier(each.content) for each in sequence.children())
        return frozenset(each for each in purposes if each is not None)

    def _alternative_texts(self, tag: int) -> tuple[str, ...]:
        return tuple(
            bounded(content.decode("ascii", errors="backslashreplace"))
            for content in self._alternative_names(tag)
        )

    def _alternative_names(self, tag: int) -> tuple[bytes, ...]:
        return tuple(each.content for each in self.alternative_names if each.tag == tag)


@remembered
def read_fields(der: bytes) -> CertificateFields:
    """The fields of that certificate, as far as they can be read. Never raises."""
    parts = list(_signed_parts(der))
    serial_number, algorithm, issuer, validity, subject, public_key = _leading(parts)
    not_before, not_after = _validity(validity)
    extensions = _extensions(parts)
    names = first(extensions.get(_SUBJECT_ALT_NAME, b""), Tag.SEQUENCE)
    return CertificateFields(
        serial_number=integer(serial_number) if serial_number else None,
        signature_algorithm=algorithm,
        issuer=read_name(issuer) if issuer else None,
        not_before=not_before,
        not_after=not_after,
        subject=read_name(subject) if subject else None,
        public_key=public_key,
        extensions=extensions,
        alternative_names=names.children() if names else (),
    )


@frozen
class AnchorFields:
    """What a trust store knows of each of its certificates in advance."""

    subject: Name | None
    not_before: datetime | None
    not_after: datetime | None


def read_anchor_fields(der: bytes) -> AnchorFields:
    """These fields as ``read_fields`` reads them, in a tenth of the time: a store has more than a hundred certificates."""
    _, _, _, validity, subject, _ = _leading(islice(_signed_parts(der), 1 + len(_LEADING_TAGS)))
    not_before, not_after = _validity(validity)
    return AnchorFields(
        subject=read_name(subject) if subject else None,
        not_before=not_before,
        not_after=not_after,
    )


def _signed_parts(der: bytes) -> Iterator[Element]:
    """The elements of the TBSCertificate, without the version."""
    certificate = first(der, Tag.SEQUENCE)
    signed = first(certificate.content, Tag.SEQUENCE) if certificate else None
    parts = islice(elements(signed.content if signed else b""), MOST_ELEMENTS)
    return (part for at, part in enumerate(parts) if at or part.tag != _VERSION)


def _leading(parts: Iterable[Element]) -> list[Element | None]:
    """The parts before the extensions; None from the first one that has another tag than X.509 says."""
    leading: list[Element | None] = []
    for part, tag in zip(parts, _LEADING_TAGS, strict=False):
        if part.tag != tag:
            break
        leading.append(part)
    return leading + [None] * (len(_LEADING_TAGS) - len(leading))


def _validity(validity: Element | None) -> tuple[datetime | None, datetime | None]:
    times = validity.children() if validity else ()
    return (
        _time(times[0]) if times else None,
        _time(times[1]) if len(times) > 1 else None,
    )


def _time(element: Element) -> datetime | None:
    """``UTCTime`` or ``GeneralizedTime`` in the only form that RFC 5280, 4.1.2.5, allows."""
    text = element.content.decode("latin-1")
    if element.tag == Tag.UTC_TIME:
        # Two-digit years from 50 on belong to the 20th century.
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != Tag.GENERALIZED_TIME:
        return None
    if not (match := _TIME.fullmatch(text)):
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None  # such as a 13th month


def _extensions(parts: Iterable[Element]) -> Mapping[str, bytes]:
    wrapper = next((part for part in parts if part.tag == _EXTENSIONS), None)
    sequence = first(wrapper.content, Tag.SEQUENCE) if wrapper else None
    found: dict[str, bytes] = {}
    for extension in sequence.children() if sequence else ():
        members = tuple(islice(elements(extension.content), _MOST_MEMBERS))
        if len(members) < 2 or members[0].tag != Tag.OBJECT_IDENTIFIER:
            continue
        identifier = object_identifier(members[0].content)
        if identifier is not None and members[-1].tag == Tag.OCTET_STRING:
            found.setdefault(identifier, members[-1].content)
    return found
