"""Masks cookies in a web server's answer before anything of it is stored.

A cookie's value may give access to a session, and no fact needs it: only the cookies' names and attributes
are judged. Asterisks replace the values, so that every byte stays at its position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from probe.web.status_line import may_begin_http

_NAME: Final = re.compile(rb"set-cookie2?[ \t]*:", re.IGNORECASE)
_ATTRIBUTES: Final = frozenset(
    {b"expires", b"max-age", b"domain", b"path", b"secure", b"httponly", b"samesite"}
    | {b"partitioned", b"priority"}
)
"""The attributes of RFC 6265 and RFC 6265bis, section 4.1.1, of CHIPS, and Chrome's own."""


def mask_cookies(answer: bytes) -> bytes:
    """``answer`` with asterisks instead of the values in its Set-Cookie fields.

    It may be cut anywhere, and contain several heads (RFC 9110, section 15.2) or folded lines (RFC 9112,
    section 5.2). Bytes that do not begin as HTTP stay as they are. Masking twice gives the same result as
    masking once.
    """
    if not may_begin_http(answer):
        return answer
    is_cookie = False
    masked = []
    for line in answer.split(b"\n"):
        name = _NAME.match(line)
        is_cookie = name is not None or (is_cookie and line[:1] in (b" ", b"\t"))
        start = name.end() if name else 0
        masked.append(line[:start] + _masked(line[start:], name is not None) if is_cookie else line)
    return b"\n".join(masked)


def mask_cookies_in_pieces(pieces: Sequence[bytes]) -> tuple[bytes, ...]:
    """The result of ``mask_cookies`` for all pieces together, cut in the same places."""
    masked = mask_cookies(b"".join(pieces))
    ends = accumulate(map(len, pieces), initial=0)
    return tuple(masked[start:end] for start, end in pairwise(ends))


def _masked(field: bytes, has_pair: bool) -> bytes:
    """A masked field value, or a folded part of one, which begins with a pair only if ``has_pair`` is true."""
    end = b"\r" if field.endswith(b"\r") else b""
    pair, *attributes = field.removesuffix(b"\r").split(b";")
    if not has_pair:
        return b";".join(map(_masked_attribute, (pair, *attributes))) + end
    return b";".join((_masked_pair(pair), *map(_masked_attribute, attributes))) + end


def _masked_pair(pair: bytes) -> bytes:
    """A cookie without a name is only a value (RFC 6265bis, section 5.6)."""
    name, equals, value = pair.partition(b"=")
    return name + equals + _stars(value) if equals else _stars(pair)


def _masked_attribute(attribute: bytes) -> bytes:
    """Text that is not an attribute may be a part of the value."""
    name = attribute.partition(b"=")[0].strip().lower()
    return attribute if name in _ATTRIBUTES else _stars(attribute)


def _stars(value: bytes) -> bytes:
    bare = value.strip(b" \t")
    return value.replace(bare, b"*" * len(bare), 1) if bare else value
