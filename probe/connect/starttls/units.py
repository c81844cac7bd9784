"""Where one reply ends: how many of the bytes make a line, a reply of many lines, a tagged answer.

Each is an ``Until``: a number of bytes, or None while the unit is not whole. Line ends are LF with or
without CR, for servers differ.
"""

from __future__ import annotations

import re
from typing import Final

from probe.tls.scripted import Until

_LAST_REPLY_LINE: Final = re.compile(rb"(?:^|\n)\d{3}(?: [^\n]*|\r?)\n")
_RECOGNISED: Final = 32
_LONE_DOT: Final = re.compile(rb"\n\.\r?\n")


def line(received: bytes) -> int | None:
    """Up to the first LF."""
    return _after(received.find(b"\n"), 1)


def reply(received: bytes) -> int | None:
    """A reply of SMTP or FTP: lines with a code and a hyphen, then one with a code and a space.

    RFC 5321, section 4.2.1; RFC 959, section 4.2. A first line that is no such reply ends by itself.
    """
    first = line(received)
    if first is None or not re.match(rb"\d{3}[ -]", received):
        return first
    last = _LAST_REPLY_LINE.search(received)
    return last.end() if last else None


def dotted(received: bytes) -> int | None:
    """A list that a lone dot ends; where the first line is an error it ends by itself."""
    first = line(received)
    if first is None or not re.match(rb"\+OK|[12]\d\d", received):
        return first
    last = _LONE_DOT.search(received)
    return last.end() if last else None


def tagged(tag: bytes) -> Until:
    """IMAP's answer to one command: all lines up to the one with its tag, or BYE."""
    last = re.compile(rb"(?:^|\n)(?:" + re.escape(tag) + rb"|\* BYE\b)[^\n]*\n", re.IGNORECASE)

    def until(received: bytes) -> int | None:
        found = last.search(received)
        return found.end() if found else None

    return until


def line_that(pattern: bytes) -> Until:
    """All lines up to the first that begins so."""
    wanted = re.compile(rb"(?:^|\n)(?:" + pattern + rb")[^\n]*\n", re.IGNORECASE)

    def until(received: bytes) -> int | None:
        found = wanted.search(received)
        return found.end() if found else None

    return until


def at_once(_: bytes) -> int:
    """Nothing is waited for."""
    return 0


def anything(received: bytes) -> int | None:
    """Whatever comes first."""
    return len(received) or None


def foreign(received: bytes) -> int | None:
    """What begins as no reply of the protocol does: enough of it to know another by."""
    return line(received) or (len(received) if len(received) >= _RECOGNISED else None)


def exactly(length: int) -> Until:
    """So many bytes."""
    return lambda received: length if len(received) >= length else None


def _after(found: int, length: int) -> int | None:
    return None if found < 0 else found + length


def lists(capabilities: bytes, keyword: bytes) -> bool:
    """Whether a line begins with the keyword, in any case."""
    found = re.search(rb"^" + keyword + rb"\b", capabilities, re.MULTILINE | re.IGNORECASE)
    return found is not None
