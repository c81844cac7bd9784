"""Masks cookies in what a web server answers, before anything of it is kept.

A cookie's value may open somebody's session, and no fact needs it: which names are set and with which
attributes is all that is judged. Asterisks take the place of values, so that every byte stays where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

_ANSWER: Final = b"HTTP/"
_FIELDS: Final = (b"set-cookie:", b"set-cookie2:")
_ATTRIBUTES: Final = frozenset(
    {b"expires", b"max-age", b"domain", b"path", b"secure", b"httponly", b"samesite"}
    | {b"partitioned", b"priority"}
)
"""Those of RFC 6265 and RFC 6265bis, section 4.1.1, of CHIPS, and Chrome's own."""


def mask_cookies(answer: bytes) -> bytes:
    """``answer`` with asterisks in place of the values that its Set-Cookie fields set.

    It may be cut anywhere, and hold several heads (RFC 9110, section 15.2) or folded lines (RFC 9112,
    section 5.2). What does not begin as HTTP stays as it is. Masking twice is masking once.
    """
    if not answer.startswith(_ANSWER):
        return answer
    is_cookie = False
    masked = []
    for line in answer.split(b"\n"):
        name = next((field for field in _FIELDS if line[: len(field)].lower() == field), None)
        is_cookie = name is not None or (is_cookie and line[:1] in (b" ", b"\t"))
        start = len(name or b"")
        masked.append(line[:start] + _masked(line[start:], name is not None) if is_cookie else line)
    return b"\n".join(masked)


def mask_cookies_in_pieces(pieces: Sequence[bytes]) -> tuple[bytes, ...]:
    """As ``mask_cookies`` of all pieces together, cut where they were cut."""
    masked = mask_cookies(b"".join(pieces))
    ends = accumulate(map(len, pieces), initial=0)
    return tuple(masked[start:end] for start, end in pairwise(ends))


def _masked(field: bytes, has_pair: bool) -> bytes:
    """A field's value, or a folded part of one, which begins with a pair only where ``has_pair``."""
    end = b"\r" if field.endswith(b"\r") else b""
    pair, *attributes = field.removesuffix(b"\r").split(b";")
    if not has_pair:
        return b";".join(map(_masked_attribute, (pair, *attributes))) + end
    return b";".join((_masked_pair(pair), *map(_masked_attribute, attributes))) + end


def _masked_pair(pair: bytes) -> bytes:
    """A cookie without a name is a value alone (RFC 6265bis, section 5.6)."""
    name, equals, value = pair.partition(b"=")
    return name + equals + _stars(value) if equals else _stars(pair)


def _masked_attribute(attribute: bytes) -> bytes:
    """What is no attribute may be a part of the value."""
    name = attribute.partition(b"=")[0].strip().lower()
    return attribute if name in _ATTRIBUTES else _stars(attribute)


def _stars(value: bytes) -> bytes:
    bare = value.strip(b" \t")
    return value.replace(bare, b"*" * len(bare), 1) if bare else value
