"""The XML of an XMPP stream (RFC 6120): finds the ends of tags as bytes arrive, and lists the elements.

Tags are found in one pass, so that the cost of a text is proportional to its length. expat reads the elements
and nothing else: RFC 6120, section 11.1, forbids document types, comments and processing instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

_MOST_ELEMENTS: Final = 1000
_DEEPEST: Final = 32
_LONGEST_TEXT: Final = 256
_TAG: Final = re.compile(rb"<(/?)(?:[\w.-]{1,64}:)?([\w.-]{1,64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlTag:
    """A tag by its local name; ``end`` is the offset after it."""

    name: str
    is_closing: bool
    is_empty: bool
    end: int


@dataclass(slots=True, kw_only=True)
class XmlElement:
    """An element by the local names from the outermost element to itself; ``text`` is the beginning of its own text."""

    path: tuple[str, ...]
    text: str = ""

    def is_in(self, *path: str) -> bool:
        """Whether the path ends with these names."""
        return self.path[-len(path) :] == path


def tags(received: bytes, seen: int) -> Iterator[XmlTag]:
    """The complete tags, without those that were already in the first ``seen`` bytes."""
    start = received.rfind(b">", 0, seen) + 1 if received.find(b">", seen) >= 0 else len(received)
    while (end := received.find(b">", start)) >= 0:
        opening = received.rfind(b"<", start, end)
        found = _TAG.match(received, opening, end) if opening >= 0 else None
        if found is not None:
            yield XmlTag(
                name=found[2].decode("ascii"),
                is_closing=bool(found[1]),
                is_empty=received[end - 1 : end] == b"/",
                end=end + 1,
            )
        start = end + 1


def elements(received: bytes) -> tuple[XmlElement, ...] | None:
    """The elements at the beginning of a stream, in their order.

    None if it is not well-formed, contains something that a stream must not, or is larger or deeper than any
    list of features.
    """
    reader = _XmlReader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.CommentHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    try:
        parser.Parse(received.lstrip(), False)
    except (expat.ExpatError, _UnreadableError):
        return None
    return tuple(reader.found)


class _UnreadableError(Exception):
    """The stream contains something that it must not."""


class _XmlReader:
    """Collects elements from expat's callbacks."""

    def __init__(self) -> None:
        self.found: list[XmlElement] = []
        self._open: list[XmlElement] = []

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self.found) == _MOST_ELEMENTS or len(self._open) == _DEEPEST:
            raise _UnreadableError
        parents = self._open[-1].path if self._open else ()
        element = XmlElement(path=(*parents, name.rpartition(":")[2]))
        self.found.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, content: str) -> None:
        element = self._open[-1]
        element.text += content[: _LONGEST_TEXT - len(element.text)]

    def refuse(self, *_: object) -> None:
        raise _UnreadableError
