"""Letters that look like Latin ones and stand among them: a name with such letters is another's disguise.

A word of one script is somebody's language; in one that mixes Latin with a script whose letters can be
taken for it (Unicode Technical Standard #39) these letters are written as RFC 4514, section 2.4, escapes
any octet: so they are seen on terminals, pages and labels alike, and the name stays the same name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[\w.-]+")
_LATIN: Final = re.compile("[A-Za-z]")
_TAKEN_FOR_LATIN: Final = (
    *("ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "FULLWIDTH", "GREEK", "LISU"),
    "MATHEMATICAL",
)


def escape_lookalikes(text: str) -> str:
    r"""``text``, in whose mixed words such letters are written ``\d0\b5``; a host name is one word."""
    return text if text.isascii() else _WORD.sub(_told_apart, text)


def _told_apart(word: re.Match[str]) -> str:
    found = word[0]
    return "".join(map(_escaped, found)) if _LATIN.search(found) else found


def _escaped(letter: str) -> str:
    if letter.isascii() or not unicodedata.name(letter, "").startswith(_TAKEN_FOR_LATIN):
        return letter
    return "".join(f"\\{octet:02x}" for octet in letter.encode())
