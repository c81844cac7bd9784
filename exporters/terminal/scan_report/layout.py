"""The form of a scan report: labels in one column, values in another, and lines that are never wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table

from exporters.terminal.safe_text import SafeText
from model.protocol_version import ProtocolVersion

_MARGIN: Final = 2
_LABEL: Final = 11
_GAP: Final = 2
VALUE_COLUMN: Final = _MARGIN + _LABEL + _GAP
"""The column in which every value begins, counted from 0."""
_VERBATIM_MARGIN: Final = VALUE_COLUMN + 2
_NARROWEST: Final = 20
"""Below this width, a terminal shows nothing useful."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines to copy, such as configuration: they are never wrapped, however narrow the terminal is."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A label and its value; a row without a label continues the one above."""

    label: SafeText
    value: RenderableType


Part: TypeAlias = Row | Verbatim | SafeText
"""One part of a report. A SafeText is a line of its own: the heading, a title, or an empty line."""


@dataclass(frozen=True, slots=True)
class Words:
    """Items next to each other, as many as a line takes; no item is broken while it fits into a line."""

    items: Sequence[SafeText]
    between: str = "  "

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = SafeText()
        for item in self.items:
            is_full = line.cell_len + len(self.between) + item.cell_len > options.max_width
            if line and is_full:
                yield SafeText.of(line, self.between.rstrip())
                line = SafeText.of(item)
            elif line:
                line = SafeText.of(line, self.between, item)
            else:
                line = SafeText.of(item)
        if line or not self.items:
            yield line


def print_part(console: Console, part: Part) -> None:
    """Print one part; values wrap within their column."""
    match part:
        case Verbatim(lines):
            for line in lines:
                console.print(SafeText(" " * _VERBATIM_MARGIN + line), soft_wrap=True)
        case Row(label, value):
            grid = Table.grid(padding=0)
            grid.add_column(width=_MARGIN)
            grid.add_column(width=_LABEL + _GAP, no_wrap=True)
            grid.add_column(overflow="fold", min_width=min(_NARROWEST, console.width // 2))
            grid.add_row("", label, value)
            console.print(grid)
        case SafeText():
            console.print(part)


def row(label: str, value: RenderableType, style: str = "dim") -> Row:
    """A row with a label in that style."""
    return Row(SafeText(label, style=style), value)


def nested(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Rows of a label and its value inside of a value; a label is not repeated."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, width=_LABEL - _GAP)
    grid.add_column(overflow="fold")
    last = ""
    for label, value in rows:
        grid.add_row(SafeText("" if label == last else label, style="dim"), value)
        last = label
    return grid


def versions_text(versions: Iterable[ProtocolVersion]) -> str:
    """Versions that share something, newest first: ``TLS 1.2, 1.1, 1.0``."""
    return ", ".join(_shortened(sorted(versions, reverse=True)))


def _shortened(versions: Sequence[ProtocolVersion]) -> Iterator[str]:
    family = ""
    for version in versions:
        name, _, number = version.display_name.partition(" ")
        yield number if name == family else version.display_name
        family = name
