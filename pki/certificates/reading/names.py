"""Distinguished names: decoded from DER, written per RFC 4514, compared per RFC 5280.

Names from servers are untrusted: strings of any type and encoding are decoded without raising, and the
written form has a maximum length.
"""

from __future__ import annotations

from itertools import islice
from typing import Final, TypeAlias

from model.frozen import frozen
from pki.certificates.confusables import escape_lookalikes
from pki.certificates.reading.der import Element, Tag, elements, object_identifier

LONGEST_TEXT: Final = 1024
"""Maximum characters of one name or string; a longer one ends in an ellipsis."""

MOST_PARTS: Final = 128
"""Maximum parts of a name, and attributes of a part: a megabyte of them would take seconds."""

_SHORT_NAMES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
"""The attribute types with short names in RFC 4514, section 3."""

_ENCODINGS: Final = {
    Tag.UTF8_STRING: "utf-8",
    Tag.NUMERIC_STRING: "ascii",
    Tag.PRINTABLE_STRING: "ascii",
    Tag.T61_STRING: "latin-1",
    Tag.IA5_STRING: "ascii",
    Tag.VISIBLE_STRING: "ascii",
    Tag.UNIVERSAL_STRING: "utf-32-be",
    Tag.BMP_STRING: "utf-16-be",
}
_ESCAPES: Final = str.maketrans({"\0": "\\00", **{each: f"\\{each}" for each in '\\"+,;<>'}})

NameKey: TypeAlias = tuple[frozenset[tuple[str, str]], ...]
"""A form in which two names are equal if and only if they match by RFC 5280."""


@frozen
class Attribute:
    """``AttributeTypeAndValue``: a dotted object identifier and its text.

    ``text`` is None if the value is not a string; ``raw`` is the content in both cases.
    """

    type: str
    text: str | None
    raw: bytes


@frozen
class Name:
    """``Name ::= SEQUENCE OF SET OF AttributeTypeAndValue``, in DER order."""

    relative_names: tuple[tuple[Attribute, ...], ...]

    def text(self) -> str:
        """The RFC 4514 string: last part of the DER first, at most LONGEST_TEXT characters."""
        parts = ("+".join(map(_written, part)) for part in reversed(self.relative_names))
        return bounded(",".join(parts))

    def key(self) -> NameKey:
        """The name without what comparison ignores: letter case, spacing, string type.

        RFC 5280, section 7.1; an issuer in PrintableString equals the same issuer in UTF8String.
        """
        return tuple(
            frozenset((each.type, _compared(each)) for each in part) for part in self.relative_names
        )


def name_text(der: bytes) -> str:
    """The RFC 4514 string of one DER ``Name``, such as a CA name of a CertificateRequest."""
    found = next(elements(der), None)
    return read_name(found).text() if found is not None else ""


def read_name(element: Element) -> Name:
    """The name in that element, as far as it can be read."""
    return Name(
        relative_names=tuple(
            tuple(
                attribute
                for pair in islice(elements(relative_name.content), MOST_PARTS)
                if (attribute := _attribute(pair)) is not None
            )
            for relative_name in islice(elements(element.content), MOST_PARTS)
        )
    )


def decoded(tag: int, content: bytes) -> str | None:
    """The text of a string type, with undecodable octets escaped; None for other types."""
    encoding = _ENCODINGS.get(Tag(tag)) if tag in _ENCODINGS else None
    return content.decode(encoding, errors="backslashreplace") if encoding else None


def bounded(text: str) -> str:
    """``text``, truncated to LONGEST_TEXT characters."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _attribute(pair: Element) -> Attribute | None:
    parts = pair.children()
    if len(parts) != 2 or parts[0].tag != Tag.OBJECT_IDENTIFIER:
        return None
    kind, value = object_identifier(parts[0].content), parts[1]
    if kind is None:
        return None
    return Attribute(type=kind, text=decoded(value.tag, value.content), raw=value.content)


def _written(attribute: Attribute) -> str:
    kind = _SHORT_NAMES.get(attribute.type, attribute.type)
    if attribute.text is None:
        return f"{kind}=#{attribute.raw[:LONGEST_TEXT].hex()}"
    text = escape_lookalikes(attribute.text[:LONGEST_TEXT].translate(_ESCAPES))
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" ") and text != "\\ ":
        text = text[:-1] + "\\ "
    return f"{kind}={text}"


def _compared(attribute: Attribute) -> str:
    if attribute.text is None:
        return f"#{attribute.raw.hex()}"
    return " ".join(attribute.text.casefold().split())
