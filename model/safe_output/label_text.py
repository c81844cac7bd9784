"""Any text as a label's value: bounded, printable, and escaped for the exposition format.

Servers choose some of these texts. Unprintable characters are escaped as in a Python string, so that they
have no effect on a terminal or a page.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

LONGEST_LABEL: Final = 200
"""The maximum number of characters of a label's value."""

LONGEST_KEY: Final = 1000
"""A target's key is never truncated, because it is an identifier: two host names and a port are shorter."""

_REMEMBERED_LENGTH: Final = 64


def label_value(text: str, longest: int = LONGEST_LABEL) -> str:
    """``text``, bounded, printable, and encodable whatever its content."""
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if shown.isprintable():
        return shown
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
    )


def quoted(text: str, longest: int = LONGEST_LABEL) -> str:
    """The label's value, for between the quotation marks of the exposition format."""
    if len(text) <= _REMEMBERED_LENGTH:
        return _short_quoted(text)
    return _quoted(text, longest)


@lru_cache(maxsize=8192)
def _short_quoted(text: str) -> str:
    return _quoted(text, LONGEST_LABEL)


def _quoted(text: str, longest: int) -> str:
    # Line ends need no escape here: they are not printable.
    return label_value(text, longest).replace("\\", "\\\\").replace('"', '\\"')
