"""The beginning of an HTTP/1.x answer: how to recognize it, and its status code."""

from __future__ import annotations

import re
from typing import Final

_BEGINNING: Final = b"HTTP/"
_STATUS_LINE: Final = re.compile(
    rb"[\r\n]{0,4}HTTP/[0-9](?:\.[0-9])?[ \t]+([0-9]{3})(?![0-9])", re.IGNORECASE
)
"""HTTP-version SP status-code (RFC 9112, section 4), which lets a client split the line at white space.

Some servers leave out the rest, or send line ends first; browsers skip up to four bytes before "HTTP".
"""


def may_begin_http(beginning: bytes | bytearray) -> bool:
    """Whether an HTTP answer may begin with these bytes, of which only the first nine are examined."""
    some = bytes(beginning[: 4 + len(_BEGINNING)]).lstrip(b"\r\n")[: len(_BEGINNING)]
    return some.upper() == _BEGINNING[: len(some)]


def http_status(answer: bytes) -> int | None:
    """The status code at the beginning of ``answer``; None if it does not begin as HTTP/1.x.

    The answer may be cut anywhere after its status code.
    """
    found = _STATUS_LINE.match(answer)
    return int(found[1]) if found else None
