"""The status of an HTTP/1.x answer, from the beginning of its first line only."""

from __future__ import annotations

import re
from typing import Final

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?![0-9])")
"""HTTP-version SP status-code (RFC 9112, sections 2.3 and 4); some servers leave out the rest."""


def http_status(answer: bytes) -> int | None:
    """The status code at the beginning of ``answer``; None if it does not begin as HTTP/1.x.

    The answer may be cut anywhere after its status code. Only its first 13 bytes are examined.
    """
    found = _STATUS_LINE.match(answer)
    return int(found[1]) if found else None
