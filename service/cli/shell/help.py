"""``tlsprobe help``: the help of a command."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.app import EXIT_OK, new_app
from service.cli.commands import COMMANDS, ROOT
from service.cli.help_text import context_of

app = new_app()


def _complete_command(incomplete: str) -> list[str]:
    return [row.name for row in COMMANDS if row.group == ROOT and row.name.startswith(incomplete)]


def _complete_subcommand(context: typer.Context, incomplete: str) -> list[str]:
    command = context_of(context.find_root(), [context.params["command"]]).command
    names = getattr(command, "commands", {})
    return [name for name in names if name.startswith(incomplete)]


@app.command(
    short_help="Show the help of a command.",
    epilog="""\b
Examples:
  tlsprobe help scan
  tlsprobe help policy list""",
)
def help_(
    context: typer.Context,
    command: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND",
            autocompletion=_complete_command,
            help="The command. Default: tlsprobe itself.",
        ),
    ] = None,
    subcommand: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBCOMMAND",
            autocompletion=_complete_subcommand,
            help="A command of COMMAND, such as list of policy.",
        ),
    ] = None,
) -> int:
    """Show the help of a command: what it does, its options, examples. The same as --help."""
    words = [word for word in (command, subcommand) if word is not None]
    print(context_of(context.find_root(), words).get_help())
    return EXIT_OK
