"""Where one reply ends: how many of the bytes make a line, a reply of many lines, a tagged answer.

Each is an ``Until``: a number of bytes, or None while the unit is not whole. It looks at no byte
twice, however the bytes come. Line ends are LF with or
without CR, for servers differ.
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
    """Up to the first LF."""
    end = received.find(b"\n", seen)
    return None if end < 0 else end + 1


def reply(received: bytes, seen: int) -> int | None:
    """A reply of SMTP or FTP: lines with a code and a hyphen, then one with a code and a space.

    RFC 5321, section 4.2.1; RFC 959, section 4.2. A first line that is no such reply ends by itself.
    """
    if not _REPLY.match(received):
        return line(received, seen)
    return _first_line_like(_LAST_OF_REPLY, received, seen)


def dotted(received: bytes, seen: int) -> int | None:
    """A list that a lone dot ends; where the first line is an error it ends by itself."""
    if not _LIST.match(received):
        return line(received, seen)
    return _first_line_like(_LONE_DOT, received, seen)


def tagged(tag: bytes) -> Until:
    """IMAP's answer to one command: all lines up to the one with its tag, or BYE."""
    return line_that(re.escape(tag) + rb"|\* BYE\b")


def line_that(pattern: bytes) -> Until:
    """All lines up to the first that begins so. The pattern must look at a bounded number of bytes."""
    return partial(_first_line_like, re.compile(pattern, re.IGNORECASE))


def _first_line_like(wanted: re.Pattern[bytes], received: bytes, seen: int) -> int | None:
    """Where the first whole line ends that begins so, of those that were not whole before."""
    end = received.find(b"\n", seen)
    start = received.rfind(b"\n", 0, seen) + 1 if end >= 0 else 0
    while end >= 0:
        if wanted.match(received, start):
            return end + 1
        start = end + 1
        end = received.find(b"\n", start)
    return None


def at_once(_received: bytes, _seen: int) -> int:
    """Nothing is waited for."""
    return 0


def anything(received: bytes, _seen: int) -> int | None:
    """Whatever comes first."""
    return len(received) or None


def foreign(received: bytes) -> int | None:
    """What begins as no reply of the protocol does: enough of it to know another by."""
    return line(received, 0) or (len(received) if len(received) >= _RECOGNISED else None)


def exactly(length: int) -> Until:
    """So many bytes."""
    return lambda received, _seen: length if len(received) >= length else None


def lists(capabilities: bytes, keyword: bytes) -> bool:
    """Whether a line begins with the keyword, in any case."""
    found = re.search(rb"^" + keyword + rb"\b", capabilities, re.MULTILINE | re.IGNORECASE)
    return found is not None
