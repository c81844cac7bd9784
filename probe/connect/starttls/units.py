"""Where one reply ends: the number of bytes of a line, a reply of several lines, or a tagged answer.

Each function is an ``Until``: it returns a number of bytes, or None while the unit is incomplete. It reads no
byte twice, however the bytes arrive. Line ends are LF with or without CR, because servers differ.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from probe.dialogue.before_tls.scripted import Until

_SEVERAL_LINES: Final = re.compile(rb"(\d{3})-")
_LAST_OF_REPLY: Final = re.compile(rb"\d{3}(?: |\r?\n)")
_LITERAL_IN_TEXT: Final = re.compile(rb"\{(\d{1,6})\+?\}\r?\n")
_LITERAL: Final = re.compile(_LITERAL_IN_TEXT.pattern + rb"\Z")
_LONGEST_LITERAL: Final = len(b"{123456+}\r")
_LIST: Final = re.compile(rb"\+OK|[12]\d\d")
_LONE_DOT: Final = re.compile(rb"\.\r?\n")
_RECOGNISED: Final = 32


def line(received: bytes, seen: int) -> int | None:
    """The bytes up to the first LF."""
    end = received.find(b"\n", seen)
    return None if end < 0 else end + 1


def reply(received: bytes, seen: int) -> int | None:
    """A reply of SMTP: lines with a code and a hyphen, then one with a code and a space (RFC 5321, section 4.2.1).

    A first line that is not such a reply is a unit of its own.
    """
    if not _SEVERAL_LINES.match(received):
        return line(received, seen)
    return _first_line_like(_LAST_OF_REPLY, received, seen)


def ftp_reply(received: bytes, seen: int) -> int | None:
    """A reply of FTP: it ends with a line that has the code of the first line and a space.

    The lines between may begin with anything, another code included (RFC 959, section 4.2).
    """
    begun = _SEVERAL_LINES.match(received)
    if begun is None:
        return line(received, seen)
    return _first_line_like(_last_with(begun[1]), received, seen)


@lru_cache(maxsize=64)
def _last_with(code: bytes) -> re.Pattern[bytes]:
    return re.compile(code + rb"(?: |\r?\n)")


def dotted(received: bytes, seen: int) -> int | None:
    """A list that ends with a single dot; if the first line is an error, it is a unit of its own."""
    if not _LIST.match(received):
        return line(received, seen)
    return _first_line_like(_LONE_DOT, received, seen)


def tagged(tag: bytes) -> Until:
    """IMAP's answer to one command: all lines up to the one with its tag, or BYE."""
    return with_literals(re.escape(tag) + rb"|\* BYE\b")


def with_literals(pattern: bytes) -> Until:
    """All lines up to the first that begins with the pattern; a literal is a part of its line.

    A literal is ``{length}``, a line end, and that many bytes (RFC 9051 and RFC 5804, section 4). Each turn needs
    an Until of its own, which remembers how far it has read.
    """
    wanted = re.compile(pattern, re.IGNORECASE)
    begin = at = 0

    def end(received: bytes, seen: int) -> int | None:
        nonlocal begin, at
        while (found := received.find(b"\n", max(at, seen))) >= 0:
            literal = _LITERAL.search(received, max(at, found - _LONGEST_LITERAL), found + 1)
            at = found + 1
            if literal is not None:
                at += int(literal[1])
                continue
            if wanted.match(received, begin):
                return at
            begin = at
        return None

    return end


def literals_quoted(heard: bytes) -> bytes:
    """The lines with each literal as a quoted string on the same line; line ends in it become spaces."""
    pieces, at = [], 0
    for literal in _LITERAL_IN_TEXT.finditer(heard):
        if literal.start() < at:
            continue
        pieces.append(heard[at : literal.start()])
        at = literal.end() + int(literal[1])
        content = heard[literal.end() : at].replace(b"\r", b" ").replace(b"\n", b" ")
        pieces.append(b'"' + content + b'"')
    return b"".join((*pieces, heard[at:]))


def _first_line_like(wanted: re.Pattern[bytes], received: bytes, seen: int) -> int | None:
    """The end of the first complete line that begins with the pattern, among the lines that were incomplete before."""
    end = received.find(b"\n", seen)
    start = received.rfind(b"\n", 0, seen) + 1 if end >= 0 else 0
    while end >= 0:
        if wanted.match(received, start):
            return end + 1
        start = end + 1
        end = received.find(b"\n", start)
    return None


def at_once(_received: bytes, _seen: int) -> int:
    """Waits for nothing."""
    return 0


def anything(received: bytes, _seen: int) -> int | None:
    """Any first bytes."""
    return len(received) or None


def foreign(received: bytes) -> int | None:
    """Bytes that no reply of the protocol begins with: enough of them to recognise another protocol."""
    return line(received, 0) or (len(received) if len(received) >= _RECOGNISED else None)


def exactly(length: int) -> Until:
    """Exactly ``length`` bytes."""
    return lambda received, _seen: length if len(received) >= length else None


def lists(capabilities: bytes, keyword: bytes) -> bool:
    """Whether a line begins with the keyword, in any case."""
    found = re.search(rb"^" + keyword + rb"\b", capabilities, re.MULTILINE | re.IGNORECASE)
    return found is not None
