"""Escapes everything in untrusted text that could affect a reader's screen.

Certificates and banners are hostile: a name may hold escape sequences that rewrite the screen, or
bidirectional controls that reorder it (CVE-2021-42574). All text from outside passes through ``printable``
before it enters reports, logs or error messages.
"""

from __future__ import annotations


def printable(text: str, *, limit: int | None = None) -> str:
    r"""``text`` with everything escaped except visible characters and single spaces.

    Controls, format characters (including bidirectional ones), surrogates, unassigned code points and every
    space other than the plain one become ``\x1b``, ``\u202e`` or ``\U000e0001``. ``limit`` is the maximum
    length of the result; three dots mark a cut.
    """
    if text.isprintable() and (limit is None or len(text) <= limit):
        return text
    # An escape is never shorter than its character, so text beyond the limit cannot matter.
    head = text if limit is None else text[: limit + 1]
    escaped = "".join(char if char.isprintable() else _escape(char) for char in head)
    if limit is not None and len(escaped) > limit:
        return escaped[: max(limit - 3, 0)] + "..."
    return escaped


def _escape(char: str) -> str:
    code_point = ord(char)
    if code_point < 0x100:
        return f"\\x{code_point:02x}"
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"
