"""``tlsprobe help``: the help of a command."""

from __future__ import annotations

from typing import Annotated

import click
from click.shell_completion import CompletionItem

from service.cli.app import EXIT_OK, say
from service.cli.commands import COMMANDS, ROOT
from service.cli.completing import matching
from service.cli.help_text import PlainGroup, context_of
from service.cli.parameters import Argument, command


def _complete_command(
    _context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    return matching((row.name for row in COMMANDS if row.group == ROOT), typed)


def _complete_subcommand(
    context: click.Context, _parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    group = context_of(context.find_root(), [context.params["command"]]).command
    return matching(group.commands if isinstance(group, PlainGroup) else (), typed)


@command(
    "help",
    short_help="Show the help of a command.",
    epilog="""\b
Examples:
  tlsprobe help scan
  tlsprobe help policy list""",
)
def help_(
    command: Annotated[
        str | None,
        Argument(
            metavar="COMMAND",
            complete=_complete_command,
            help="The command. Default: tlsprobe itself.",
        ),
    ] = None,
    subcommand: Annotated[
        str | None,
        Argument(
            metavar="SUBCOMMAND",
            complete=_complete_subcommand,
            help="A command of COMMAND, such as list of policy.",
        ),
    ] = None,
) -> int:
    """Show the help of a command: what it does, its options, examples. The same as --help."""
    words = [word for word in (command, subcommand) if word is not None]
    say(*context_of(click.get_current_context().find_root(), words).get_help().splitlines())
    return EXIT_OK
