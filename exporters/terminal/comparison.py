"""Two Observations side by side as a table; only what differs, or every fact."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from itertools import groupby
from typing import Final

from rich.table import Table

from exporters.plurals import counted
from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.form import ReportForm, console_for, without_padding
from exporters.terminal.words import NAME_LIMIT
from model.differences.side_by_side import ComparedFact
from model.frozen import frozen
from model.section_kinds.kind import Shown

_DIFFERS: Final = "*"
_ABSENT: Final = "-"
_VALUE_LIMIT: Final = 2_000


@frozen
class Comparison:
    """All facts of two sides, and the title of each side."""

    first: str
    second: str
    facts: tuple[ComparedFact, ...]

    @property
    def differing(self) -> tuple[ComparedFact, ...]:
        """The facts that are not the same on both sides."""
        return tuple(one for one in self.facts if not one.is_same)


def render_comparison(compared: Comparison, form: ReportForm, *, shows_all: bool) -> str:
    """The table; each line ends with a newline. If it shows all facts, those that differ are marked."""
    page = StringIO()
    console = console_for(page, form)
    shown = compared.facts if shows_all else compared.differing
    console.print(SafeText(_counted(compared, shows_all=shows_all), style="bold"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=1)
    for share in (2, 3, 3):
        table.add_column(overflow="fold", ratio=share)
    table.expand = True
    if shown:
        heads = (_title(compared.first), _title(compared.second))
        table.add_row("", "", *(SafeText(head, style="bold") for head in heads))
    for section, facts in groupby(shown, key=lambda one: one.fact.partition(".")[0]):
        _add_section(table, section, tuple(facts))
    console.print(table)
    return without_padding(page.getvalue())


def _add_section(table: Table, section: str, facts: Sequence[ComparedFact]) -> None:
    title = section.replace("_", " ")
    if any("." in one.fact for one in facts):
        table.add_row("", SafeText(title, style="bold"), "", "")
    for one in facts:
        name = one.fact.partition(".")[2] or title
        first, second = _cells(one)
        style = "" if one.is_same else "yellow"
        table.add_row(
            SafeText("" if one.is_same else _DIFFERS, style=style),
            SafeText(printable(name, limit=NAME_LIMIT), style="dim"),
            SafeText(first, style=style),
            SafeText(second, style=style),
        )


def _cells(one: ComparedFact) -> tuple[str, str]:
    """The values; of two lists, what only one of them has, and how many items they share."""
    first, second = one.first, one.second
    if not (isinstance(first, tuple) and isinstance(second, tuple)) or one.is_same:
        return _text(first), _text(second)
    shared = set(first) & set(second)
    if len(shared) == len(set(first)) == len(set(second)):
        return f"{_text(first)} (another order)", f"{_text(second)} (another order)"
    return _with_shared(first, shared), _with_shared(second, shared)


def _with_shared(names: tuple[str, ...], shared: set[str]) -> str:
    own = [name for name in names if name not in shared]
    if not shared:
        return _text(names)
    return ", ".join((*map(_value, own), f"and {len(shared)} that both have"))


def _text(shown: Shown | None) -> str:
    if shown is None:
        return _ABSENT
    if isinstance(shown, tuple):
        return ", ".join(map(_value, shown)) or "none"
    return _value(shown) or "none"


def _value(text: str) -> str:
    return printable(text, limit=_VALUE_LIMIT)


def _title(text: str) -> str:
    return printable(text, limit=NAME_LIMIT)


def _counted(compared: Comparison, *, shows_all: bool) -> str:
    differing = len(compared.differing)
    same = len(compared.facts) - differing
    words = f"{counted(differing, 'fact')} {'differs' if differing == 1 else 'differ'}, {same} are the same"
    return words if shows_all or not same else f"{words} (--all shows them)"
