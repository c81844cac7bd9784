"""Terminal output: server text with its control characters escaped, colour, and a progress line.

``printable`` is ``model.safe_output.printable``'s; it is re-exported here with the other terminal functions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from model.safe_output.printable import printable

__all__ = ["LiveScreen", "ProgressLine", "printable", "report_width", "wants_colour"]

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
    return _terminal_size(WIDTH_WITHOUT_TERMINAL).columns


def _terminal_size(columns_without_terminal: int) -> os.terminal_size:
    # It imports the libraries for archives, which a scan that prints JSON does not need.
    import shutil

    return shutil.get_terminal_size((columns_without_terminal, 24))


def can_move_cursor(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal on which text can be replaced."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class ProgressLine:
    """A progress line on a terminal, rewritten in place; without a terminal it does nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_shown = False
        self.is_enabled = can_move_cursor(stream)

    def show(self, text: str) -> None:
        """Replace the content of the line by ``text``, cut to the terminal's width."""
        if not self.is_enabled:
            return
        width = _terminal_size(80).columns
        self._stream.write("\r\x1b[K" + printable(text, limit=max(width - 1, 1)))
        self._stream.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Clear the line, so that other output starts on an empty one."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False


class LiveScreen:
    """A terminal whose whole content is replaced again and again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, text: str, news: Sequence[str], status: str) -> None:
        """Show the first lines of ``text``, the first of the ``news``, and ``status``; all are printable.

        News have up to half of the screen, on one line each, however long ``text`` is.
        """
        columns, rows = _terminal_size(80)
        room = max(rows - 2, 2)
        shown = [printable(one, limit=columns) for one in news[: room // 2]]
        room -= len(shown)
        lines = text.splitlines()
        if len(lines) > room:
            lines = [*lines[: room - 1], f"... and {len(lines) - room + 1} more lines"]
        whole = (*lines, *shown, status)
        self._stream.write("\x1b[H\x1b[J" + "".join(f"{line}\n" for line in whole))
        self._stream.flush()

    def leave(self, text: str) -> None:
        """Leave all of ``text`` on the screen."""
        self._stream.write(f"\x1b[H\x1b[J{text}")
        self._stream.flush()
