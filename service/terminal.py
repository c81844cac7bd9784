"""What may reach a terminal: text from servers with its controls escaped, colour, a progress line.

Certificates and banners are hostile: a name may hold escape sequences that rewrite the screen, or
bidirectional controls that reorder it (CVE-2021-42574). ``printable`` is the one function through
which every text that is not our own goes, into reports, logs and error sentences alike.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final, TextIO

WIDTH_WITHOUT_TERMINAL: Final = 100
"""Columns for a report that goes to a file or a pipe, unless COLUMNS says otherwise."""


def printable(text: str, *, limit: int | None = None) -> str:
    r"""``text`` with everything but visible characters and single spaces written as an escape.

    Controls, format characters (bidirectional ones among them), surrogates, unassigned code points
    and every space but the plain one become ``\x1b``, ``\u202e`` or ``\U000e0001``. ``limit`` is
    the greatest length of what comes back; a cut is marked by three dots.
    """
    # An escape is never shorter than what it stands for: what lies beyond the limit cannot matter.
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


def wants_colour(
    stream: TextIO, environment: Mapping[str, str] = os.environ, *, refused: bool = False
) -> bool:
    """Whether to colour what goes to ``stream``: only a capable terminal, and never against a wish.

    ``refused`` is the user's ``--no-color``; NO_COLOR counts when it is not empty (no-color.org).
    """
    if refused or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


def report_width() -> int:
    """The columns of the terminal, of COLUMNS, or ``WIDTH_WITHOUT_TERMINAL``."""
    return shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


class ProgressLine:
    """One line on a terminal that says what goes on, rewritten in place; elsewhere, nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_shown = False
        self.is_enabled = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, text: str) -> None:
        """Put ``text`` in place of what the line says, cut to the terminal's width."""
        if not self.is_enabled:
            return
        width = shutil.get_terminal_size().columns
        self._stream.write("\r\x1b[K" + printable(text, limit=max(width - 1, 1)))
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Take the line away, so that other output begins on an empty one."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False
