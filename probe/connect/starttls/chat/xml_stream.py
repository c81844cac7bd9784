"""The XML of an XMPP stream (RFC 6120), read as it arrives: one document from the first byte to the last.

expat reads it, so that every form of the same XML gives the same elements: empty tags and pairs of tags,
prefixes, quotes, entities, and ">" in an attribute. RFC 6120, section 11.1, forbids document types, comments
and processing instructions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from probe.dialogue.before_tls.scripted import Until

_MOST_ELEMENTS: Final = 1000
_DEEPEST: Final = 32
_LONGEST_TEXT: Final = 256
_MOST_INCOMPLETE: Final = 64
"""How often in a row a ">" may end no tag: expat reads an incomplete tag again each time."""
_CHILD: Final = 2
"""The depth of the stream's children."""


@dataclass(slots=True, kw_only=True)
class XmlElement:
    """An element by the local names from the outermost element to itself.

    ``namespaces`` are those that it declares; ``text`` is the beginning of its own text.
    """

    path: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    text: str = ""

    def is_in(self, *path: str) -> bool:
        """Whether the path ends with these names."""
        return self.path[-len(path) :] == path


class XmlStream:
    """Reads the peer's side of a stream; ``elements`` are those that began so far, in their order.

    ``is_valid`` is false once it is not well-formed, contains something that a stream must not, or is larger or
    deeper than any list of features.
    """

    def __init__(self) -> None:
        self.elements: list[XmlElement] = []
        self.is_valid = True
        self._open: list[XmlElement] = []
        self._ended = ""
        self._is_begun = False
        self._parsed = 0
        self._incomplete = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse
        parser.CommentHandler = _refuse
        parser.ProcessingInstructionHandler = _refuse
        # expat 2.6 and later would otherwise wait for more bytes after an incomplete tag.
        defer = getattr(parser, "SetReparseDeferralEnabled", None)
        if defer is not None:
            defer(False)

    def until(self, *names: str) -> Until:
        """The bytes up to the end of a child of the stream with one of these local names, or to the end of the
        stream; all bytes if they are not valid. Nothing after that is parsed yet."""

        def end(received: bytes, seen: int) -> int | None:
            found = received.find(b">", max(self._parsed, seen))
            while found >= 0:
                self._parse(received[self._parsed : found + 1])
                self._parsed = found + 1
                if not self.is_valid or self._ended in names or (not self._open and self.elements):
                    length = self._parsed if self.is_valid else len(received)
                    self._parsed = 0
                    return length
                found = received.find(b">", self._parsed)
            is_foreign = not self._is_begun and received.lstrip()[:1] not in {b"", b"<"}
            return len(received) if is_foreign else None

        self._ended = ""
        return end

    def _parse(self, piece: bytes) -> None:
        content = piece if self._is_begun else piece.lstrip()
        self._is_begun = self._is_begun or bool(content)
        self._incomplete += 1
        try:
            self._parser.Parse(content, False)
        except (expat.ExpatError, _UnreadableError):
            self.is_valid = False
        self.is_valid = self.is_valid and self._incomplete <= _MOST_INCOMPLETE

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._incomplete = 0
        if len(self.elements) == _MOST_ELEMENTS or len(self._open) == _DEEPEST:
            raise _UnreadableError
        parents = self._open[-1].path if self._open else ()
        element = XmlElement(
            path=(*parents, name.rpartition(":")[2]),
            namespaces=tuple(
                value for key, value in attributes.items() if key.partition(":")[0] == "xmlns"
            ),
        )
        self.elements.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._incomplete = 0
        closed = self._open.pop()
        if len(closed.path) == _CHILD:
            self._ended = closed.path[-1]

    def _text(self, content: str) -> None:
        element = self._open[-1]
        element.text += content[: _LONGEST_TEXT - len(element.text)]


class _UnreadableError(Exception):
    """The stream contains something that it must not."""


def _refuse(*_: object) -> None:
    raise _UnreadableError
