"""Writes the man pages from the commands' own help: ``python -m scripts.man_pages FOLDER``.

There is one page for ``tlsprobe`` and one for each command, such as ``tlsprobe-policy-list.1``. The date in
them is that of SOURCE_DATE_EPOCH (reproducible-builds.org), by default today.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Final

import click

from model.version import TOOL_VERSION
from scripts.command_reference import every_command
from service.cli.app import app
from service.cli.commands import ROOT
from service.cli.help_text import PlainGroup, command_rows, context_of, parameter_rows, summary

_SECTION_OF_BLOCK: Final = {"Examples": "EXAMPLES", "Exit codes": "EXIT STATUS"}


def man_page(words: Sequence[str], date: str) -> str:
    """The page of the command with these ``words``, in roff (man(7))."""
    context = context_of(_root(), words)
    command = context.command
    name = _page_name(words)
    lines = [
        f'.TH {name.upper()} 1 {date} "tlsprobe {TOOL_VERSION}" "tlsprobe manual"',
        ".SH NAME",
        f"{_escaped(name)} \\- {_escaped(summary(command).rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {_escaped(context.command_path)}",
        _escaped(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *_paragraphs(command.help or summary(command)),
    ]
    if isinstance(command, PlainGroup):
        lines += _commands(command, context)
    for title, kind in (("ARGUMENTS", "argument"), ("OPTIONS", "option")):
        rows = parameter_rows(command, context, kind)
        lines += [f".SH {title}", *_list(rows)] if rows else []
    lines += _epilog(command.epilog or "")
    return "\n".join((*lines, ".SH SEE ALSO", _see_also(words, command), ""))


def write_man_pages(folder: Path, date: str) -> None:
    """Write the page of every command to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for words in every_command():
        (folder / f"{_page_name(words)}.1").write_text(man_page(words, date), encoding="utf-8")


def _root() -> click.Context:
    """The context of ``tlsprobe`` itself."""
    return click.Context(app, info_name=ROOT, **app.context_settings)


def _page_name(words: Sequence[str]) -> str:
    return "-".join((ROOT, *words))


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        yield from (".PP",) if number else ()
        yield from _wrapped(paragraph)


def _commands(command: PlainGroup, context: click.Context) -> Iterator[str]:
    yield ".SH COMMANDS"
    for title, names in command.sections(context):
        yield from () if title == "Commands" else (f".SS {title}",)
        yield from _list(command_rows(command, context, names))


def _list(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield from (".TP", f".B {_escaped(name)}", *_wrapped(text))


def _wrapped(text: str) -> Iterator[str]:
    yield from (_escaped(line) for line in wrap(text, 72, break_on_hyphens=False))


def _epilog(text: str) -> Iterator[str]:
    """The examples, exit codes and notes under the help: one section each, line by line as they stand."""
    for block in filter(None, (part.strip("\b\n") for part in text.split("\n\n"))):
        title, _, rest = block.partition(":")
        section = _SECTION_OF_BLOCK.get(title)
        yield f".SH {section or 'NOTES'}"
        yield ".nf"
        kept = (rest if section else block).strip("\n")
        yield from (_escaped(line.strip()) for line in kept.splitlines())
        yield ".fi"


def _see_also(words: Sequence[str], command: click.Command) -> str:
    """The pages of the commands above this one and below it."""
    above = [words[:length] for length in range(len(words))]
    below = [(*words, name) for name in getattr(command, "commands", {})]
    pages = (_escaped(_page_name(one)) for one in (*above, *below))
    return ",\n".join(f".BR {page} (1)" for page in pages)


def _escaped(text: str) -> str:
    """The text as roff: a backslash, hyphens that stay as typed, and no line that is a request."""
    plain = (
        text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    )
    return f"\\&{plain}" if plain.startswith(".") else plain


if __name__ == "__main__":
    _now = float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    write_man_pages(Path(sys.argv[1]), datetime.fromtimestamp(_now, UTC).date().isoformat())
