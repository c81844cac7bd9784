"""The elements of a DER structure as sent by servers, as far as they can be read (X.690).

It is used on certificates that may be damaged, so nothing here raises: reading stops at the first invalid
bytes, and everything before them is returned. Use cryptography for strict parsing.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from itertools import islice
from typing import Final

from model.frozen import frozen

MOST_ELEMENTS: Final = 12_000
"""Elements read per structure; the largest certificates seen have ten thousand host names."""

_CONSTRUCTED: Final = 0x20
_MULTI_BYTE_TAG: Final = 0x1F
_LONG_LENGTH: Final = 0x80
_LONGEST_LENGTH_OCTETS: Final = 4
_LONGEST_OID_OCTETS: Final = 64


class Tag(IntEnum):
    """The tags of X.509's universal types."""

    BOOLEAN = 0x01
    INTEGER = 0x02
    BIT_STRING = 0x03
    OCTET_STRING = 0x04
    OBJECT_IDENTIFIER = 0x06
    UTF8_STRING = 0x0C
    NUMERIC_STRING = 0x12
    PRINTABLE_STRING = 0x13
    T61_STRING = 0x14
    IA5_STRING = 0x16
    UTC_TIME = 0x17
    GENERALIZED_TIME = 0x18
    VISIBLE_STRING = 0x1A
    UNIVERSAL_STRING = 0x1C
    BMP_STRING = 0x1E
    SEQUENCE = 0x30
    SET = 0x31


_STRINGS: Final = frozenset({Tag.BIT_STRING, Tag.OCTET_STRING})
_SEQUENCE_TAG: Final = bytes((Tag.SEQUENCE,))


@frozen
class Element:
    """One tag, length and value."""

    tag: int
    content: bytes

    def encode(self) -> bytes:
        """The element in DER."""
        length = len(self.content)
        if length < _LONG_LENGTH:
            return bytes((self.tag, length)) + self.content
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        return bytes((self.tag, _LONG_LENGTH | len(octets))) + octets + self.content

    def children(self) -> tuple[Element, ...]:
        """The elements of its content, up to MOST_ELEMENTS."""
        return tuple(islice(elements(self.content), MOST_ELEMENTS))


def elements(octets: bytes) -> Iterator[Element]:
    """The consecutive elements in ``octets``, up to the first that cannot be read.

    If an element's length runs past the end, a structure yields its available content (a truncated certificate
    still has its first fields), and a value yields nothing.
    """
    at = 0
    while (header := _header(octets, at)) is not None:
        tag, start, length = header
        end = start + length
        if end > len(octets) and not tag & _CONSTRUCTED:
            return
        yield Element(tag=tag, content=octets[start:end])
        at = end


def count_elements(octets: bytes, most: int) -> int:
    """The number of elements in ``octets`` at all depths, counted up to ``most`` + 1; copies nothing.

    A string that starts like a SEQUENCE is descended into, because extension values and keys are such strings.
    Unreadable bytes end only their own structure.
    """
    at, count, ends = 0, 0, [len(octets)]
    while ends and count <= most:
        header = _header(octets, at) if at < ends[-1] else None
        if header is None:
            at = ends.pop()
            continue
        count += 1
        tag, start, length = header
        at = start + length
        inside = start + (tag == Tag.BIT_STRING)
        is_wrapper = tag in _STRINGS and octets[inside : inside + 1] == _SEQUENCE_TAG
        if tag & _CONSTRUCTED or is_wrapper:
            ends.append(min(at, ends[-1]))
            at = inside
        elif at > ends[-1]:
            at = ends.pop()
    return count


def first(octets: bytes, tag: int) -> Element | None:
    """The first element in ``octets`` if it has that tag."""
    found = next(elements(octets), None)
    return found if found is not None and found.tag == tag else None


def integer(element: Element) -> int:
    """The two's complement number in an INTEGER's content."""
    return int.from_bytes(element.content, "big", signed=True)


def object_identifier(content: bytes) -> str | None:
    """The dotted form of an OBJECT IDENTIFIER's content, or None if it has none."""
    if not content or len(content) > _LONGEST_OID_OCTETS or content[-1] & 0x80:
        return None
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def algorithm_identifier(element: Element) -> tuple[str | None, Element | None]:
    """Object identifier and parameters of an AlgorithmIdentifier (RFC 5280, 4.1.1.2)."""
    parts = element.children()
    if not parts or parts[0].tag != Tag.OBJECT_IDENTIFIER:
        return None, None
    return object_identifier(parts[0].content), parts[1] if len(parts) > 1 else None


def _header(octets: bytes, at: int) -> tuple[int, int, int] | None:
    if at + 2 > len(octets):
        return None
    tag, length = octets[at], octets[at + 1]
    start = at + 2
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        return None
    if length & _LONG_LENGTH:
        count = length & ~_LONG_LENGTH
        # Zero is BER's indefinite length, which DER does not allow.
        if not 0 < count <= _LONGEST_LENGTH_OCTETS or start + count > len(octets):
            return None
        length = int.from_bytes(octets[start : start + count], "big")
        start += count
    return tag, start, length
