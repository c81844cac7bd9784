"""The command line's application, its exit codes, and how it reports a user's mistake."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from model.encoding.earlier_names import COMMANDS, renamed
from model.safe_output.printable import printable
from service.cli import commands
from service.cli.help_text import PlainGroup

if TYPE_CHECKING:
    from service.scan.output import ScanOutcome

EXIT_OK: Final = 0
EXIT_NOT_ALL_ANSWERED: Final = 1
EXIT_SOURCE_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_FINDINGS: Final = 3
EXIT_DIFFERENT: Final = 3
EXIT_ENTRIES_SKIPPED: Final = 3
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141


class CommandGroup(PlainGroup):
    """Lists commands by the names in their rows, and imports a command only when it is asked for."""

    def __init__(self, name: str, **attributes: Any) -> None:
        # Listing and suggesting commands needs only their names; ``get_command`` gives the rest.
        names = (row.name for row in commands.COMMANDS if row.group == name)
        super().__init__(name, commands={one: click.Command(one) for one in names}, **attributes)

    @property
    def _rows(self) -> dict[str, commands.Command]:
        return {row.name: row for row in commands.COMMANDS if row.group == self.name}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command named ``cmd_name``, or None."""
        del ctx
        row = self._rows.get(cmd_name)
        return None if row is None else command_of(row)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` begin with; one with an earlier name is an error that gives the new one."""
        written = f"{self.name} {args[0]}"
        if written in COMMANDS:
            ctx.fail(renamed(written, COMMANDS[written]))
        return super().resolve_command(ctx, args)

    def sections(self, ctx: click.Context) -> Iterable[tuple[str, Sequence[str]]]:
        """Each section's title and the names of its commands, in the order of the rows."""
        del ctx
        titles = dict.fromkeys(row.section for row in self._rows.values())
        return [
            (title, [row.name for row in self._rows.values() if row.section == title])
            for title in titles
        ]


def command_of(row: commands.Command) -> click.Command:
    """The command of this ``row``: the one of its name in its module, which this imports."""
    declared = vars(import_module(row.module)).values()
    return next(one for one in declared if isinstance(one, click.Command) and one.name == row.name)


def fail(sentence: str) -> int:
    """Print what is wrong with the usage or input on standard error, with URLs masked; returns the exit code."""
    from model.safe_output.secret_text import masked_urls

    warn(masked_urls(sentence))
    return EXIT_USAGE


def exit_code_of(outcome: ScanOutcome) -> int:
    """The exit code of a scan: findings outrank endpoints that do not answer."""
    if outcome.is_stopped:
        return EXIT_FINDINGS
    return EXIT_OK if outcome.all_answered else EXIT_NOT_ALL_ANSWERED


def warn(sentence: str) -> None:
    """Print a warning on standard error."""
    print_lines(f"tlsprobe: {sentence}", stream=sys.stderr)


def say(*lines: str) -> None:
    """Print each line on standard output."""
    print_lines(*lines, stream=sys.stdout)


def print_lines(*lines: str, stream: TextIO) -> None:
    """Print each line; nothing in a line can affect the terminal. All output of commands is printed here."""
    for line in lines:
        print(printable(line), file=stream)


def _show_version(context: click.Context, _parameter: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        from model.version import TOOL_VERSION

        say(f"tlsprobe {TOOL_VERSION}")
        context.exit()


app = CommandGroup(
    commands.ROOT,
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version.",
        )
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Probe TLS endpoints: find what is wrong with them, store the facts, and serve metrics.",
    epilog="""\b
Examples:
  tlsprobe scan example.com             findings, versions, certificates
  tlsprobe explain example.com tls1.0   the bytes that prove one fact
  tlsprobe demo                         the service on six local demo servers
  tlsprobe serve --targets targets.yml  the service, for Prometheus to scrape

Run `tlsprobe help COMMAND` for a command's options and examples.""",
)
