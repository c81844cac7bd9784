"""Where one reply ends: the number of bytes of a line, a reply of several lines, or a tagged answer.

Each function is an ``Until``: it returns a number of bytes, or None while the unit is incomplete. It reads no
byte twice, however the bytes arrive. Line ends are LF with or without CR, because servers differ.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from probe.dialogue.before_tls.scripted import Until

_REPLY: Final = re.compile(rb"\d{3}[ -]")
_LAST_OF_REPLY: Final = re.compile(rb"\d{3}(?: |\r?\n)")
_LIST: Final = re.compile(rb"\+OK|[12]\d\d")
_LONE_DOT: Final = re.compile(rb"\.\r?\n")
_RECOGNISED: Final = 32


def line(received: bytes, seen: int) -> int | None:
    """The bytes up to the first LF."""
    end = received.find(b"\n", seen)
    return None if end < 0 else end + 1


def reply(received: bytes, seen: int) -> int | None:
    """A reply of SMTP or FTP: lines with a code and a hyphen, then one with a code and a space.

    RFC 5321, section 4.2.1; RFC 959, section 4.2. A first line that is not such a reply is a unit of its own.
    """
    if not _REPLY.match(received):
        return line(received, seen)
    return _first_line_like(_LAST_OF_REPLY, received, seen)


def dotted(received: bytes, seen: int) -> int | None:
    """A list that ends with a single dot; if the first line is an error, it is a unit of its own."""
    if not _LIST.match(received):
        return line(received, seen)
    return _first_line_like(_LONE_DOT, received, seen)


def tagged(tag: bytes) -> Until:
    """IMAP's answer to one command: all lines up to the one with its tag, or BYE."""
    return line_that(re.escape(tag) + rb"|\* BYE\b")


def line_that(pattern: bytes) -> Until:
    """All lines up to the first that begins with the pattern. The pattern must examine a bounded number of bytes."""
    return partial(_first_line_like, re.compile(pattern, re.IGNORECASE))


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
