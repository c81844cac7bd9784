"""Escapes letters that look like Latin ones in mixed-script words, because such a word imitates another name.

A word in a single script is ordinary text. In a word that mixes Latin with a script whose letters resemble it
(Unicode Technical Standard #39), those letters are escaped like any octet (RFC 4514, section 2.4). They then
stand out on terminals, pages and labels, and the name keeps its identity.
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
    r"""``text`` with such letters in mixed words written as ``\d0\b5``; a host name is one word."""
    return text if text.isascii() else _WORD.sub(_told_apart, text)


def _told_apart(word: re.Match[str]) -> str:
    found = word[0]
    return "".join(map(_escaped, found)) if _LATIN.search(found) else found


def _escaped(letter: str) -> str:
    if letter.isascii() or not unicodedata.name(letter, "").startswith(_TAKEN_FOR_LATIN):
        return letter
    return "".join(f"\\{octet:02x}" for octet in letter.encode())
