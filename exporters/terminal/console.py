"""What may reach a terminal: text from servers with its controls escaped, colour, a progress line.

``printable`` is ``model.safe_output.printable``'s: it is here too, with what else a terminal needs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final, TextIO

from model.safe_output.printable import printable

__all__ = ["ProgressLine", "printable", "report_width", "wants_colour"]

WIDTH_WITHOUT_TERMINAL: Final = 100
"""Columns for a report that goes to a file or a pipe, unless COLUMNS says otherwise."""


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
