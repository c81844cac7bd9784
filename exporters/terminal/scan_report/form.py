"""How a report looks: its width, its colours, and how much it shows."""

from __future__ import annotations

from typing import Final, TextIO

from rich.console import Console

from model.frozen import frozen


@frozen
class ReportForm:
    """How to show a report: with ANSI colours or without, in how many columns, with every fact or the usual ones.

    Only lines to copy, such as configuration, may be longer than ``width``.
    """

    has_colour: bool = False
    width: int = 100
    is_verbose: bool = False


USUAL_FORM: Final = ReportForm()


def console_for(page: TextIO, form: ReportForm) -> Console:
    """A console that writes to ``page`` in that form."""
    return Console(
        file=page,
        width=form.width,
        force_terminal=form.has_colour,
        color_system="standard" if form.has_colour else None,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def without_padding(text: str) -> str:
    """The lines without the spaces by which tables fill their last column."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
