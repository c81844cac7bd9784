"""Writes docs/reference/commands.md from the commands' own help: ``python -m scripts.command_reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from click.testing import CliRunner

from service.cli.app import app, command_of
from service.cli.commands import COMMANDS, ROOT

_COLUMNS: Final = 100
_INTRODUCTION: Final = """\
# Every command

The help of each command, as `tlsprobe COMMAND --help` prints it. This page is written from the code by `make docs`;
[cli.md](cli.md) says what the commands are for and how to read what they print.
"""


def every_command() -> Iterator[tuple[str, ...]]:
    """The words of each command, such as ``("policy", "list")``; ``()`` is tlsprobe itself."""
    yield ()
    for row in COMMANDS:
        words = (row.name,) if row.group == ROOT else (row.group, row.name)
        yield words
        below = getattr(command_of(row), "commands", {})
        listed = {one.name for one in COMMANDS if one.group == row.name}
        yield from ((*words, name) for name in below if name not in listed)


def help_of(words: tuple[str, ...], columns: int = _COLUMNS) -> str:
    """The help of the command on a terminal with so many columns. Raises RuntimeError if it fails."""
    asked = CliRunner().invoke(app, [*words, "--help"], prog_name=ROOT, terminal_width=columns)
    if asked.exit_code != 0:
        raise RuntimeError(f"{' '.join(words)} --help ends with {asked.exit_code}: {asked.output}")
    return "\n".join(line.rstrip() for line in asked.stdout.strip().splitlines())


def reference() -> str:
    """The whole page."""
    blocks = (
        f"## {' '.join((ROOT, *words))}\n\n```text\n{help_of(words)}\n```\n"
        for words in every_command()
    )
    return "\n".join((_INTRODUCTION, *blocks))


if __name__ == "__main__":
    sys.stdout.write(reference())
