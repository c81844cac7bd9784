"""Terminal output: server text with its control characters escaped, colour, and a progress line.

``printable`` is ``model.safe_output.printable``'s; it is re-exported here with the other terminal functions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, TextIO

from model.safe_output.printable import printable

__all__ = ["ProgressLine", "printable", "report_width", "wants_colour"]

WIDTH_WITHOUT_TERMINAL: Final = 100
"""The columns of a report that goes to a file or a pipe, unless COLUMNS sets another number."""


def wants_colour(
    stream: TextIO, environment: Mapping[str, str] = os.environ, *, refused: bool = False
) -> bool:
    """Whether to colour what goes to ``stream``: only if the terminal supports it and the user did not refuse.

    ``refused`` is the user's ``--no-color``; NO_COLOR counts if it is not empty (no-color.org).
    """
    if refused or environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


def report_width() -> int:
    """The columns of the terminal, of COLUMNS, or ``WIDTH_WITHOUT_TERMINAL``."""
    return _columns(WIDTH_WITHOUT_TERMINAL)


def _columns(without_terminal: int) -> int:
    # It imports the libraries for archives, which a scan that prints JSON does not need.
    import shutil

    return shutil.get_terminal_size((without_terminal, 24)).columns


class ProgressLine:
    """A progress line on a terminal, rewritten in place; without a terminal it does nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_shown = False
        self.is_enabled = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, text: str) -> None:
        """Replace the content of the line by ``text``, cut to the terminal's width."""
        if not self.is_enabled:
            return
        width = _columns(80)
        self._stream.write("\r\x1b[K" + printable(text, limit=max(width - 1, 1)))
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Clear the line, so that other output starts on an empty one."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False
