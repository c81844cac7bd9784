"""The help of commands: whole sentences, arguments and choices as users type them, commands in sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import click
from click.core import augment_usage_errors


class PlainCommand(click.Command):
    """A command whose help has a section for its arguments and one for its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an error names this command, whose help says how they are written."""
        takes_more, ctx.allow_extra_args = ctx.allow_extra_args, True
        with augment_usage_errors(ctx):
            rest = super().parse_args(ctx, args)
        if rest and not (takes_more or ctx.resilient_parsing):
            ctx.fail(f"too many arguments: remove {' '.join(rest)}")
        return rest

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the section of the arguments."""
        _write_section(formatter, "Arguments", parameter_rows(self, ctx, "argument"))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the section of the options."""
        _write_section(formatter, "Options", parameter_rows(self, ctx, "option"))


class PlainArgument(click.Argument):
    """An argument whose name in the usage says whether it is needed, and whether there may be several."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Its name in the usage, such as ``[FILE]`` or ``FILE...``."""
        name = self.make_metavar(ctx) + ("..." if self.nargs == -1 else "")
        return [name if self.required else f"[{name}]"]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Its name and its help."""
        name, text = super().get_help_record(ctx)
        return name, f"{text}  [required]" if self.required else text


class PlainGroup(click.Group):
    """A command with subcommands; its help lists them in sections before the options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an error names this command, whose help says how they are written."""
        with augment_usage_errors(ctx):
            return super().parse_args(ctx, args)

    def sections(self, ctx: click.Context) -> Iterable[tuple[str, Sequence[str]]]:
        """Each section's title and the names of its commands."""
        return (("Commands", self.list_commands(ctx)),)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of its commands, in the order in which they were added."""
        del ctx
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the commands, then the options."""
        for title, names in self.sections(ctx):
            _write_section(formatter, title, command_rows(self, ctx, names))
        _write_section(formatter, "Options", parameter_rows(self, ctx, "option"))


def summary(command: click.Command) -> str:
    """What the command does, in one whole sentence."""
    text = command.short_help or (command.help or "").partition("\n\n")[0]
    return " ".join(text.split())


def command_rows(
    group: PlainGroup, ctx: click.Context, names: Iterable[str]
) -> Sequence[tuple[str, str]]:
    """The name and the summary of each of these commands of ``group``."""
    commands = ((name, group.get_command(ctx, name)) for name in names)
    return [(name, summary(command)) for name, command in commands if command is not None]


def parameter_rows(
    command: click.Command, ctx: click.Context, kind: str
) -> Sequence[tuple[str, str]]:
    """The name and the help of each parameter of one ``kind``: ``argument`` or ``option``."""
    return list(_parameter_rows(command, ctx, kind))


def _parameter_rows(
    command: click.Command, ctx: click.Context, kind: str
) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == kind and (row := parameter.get_help_record(ctx)):
            yield row[0], re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", row[1])


def context_of(root: click.Context, words: Sequence[str]) -> click.Context:
    """The context of the command with these ``words``, such as ``("policy", "list")``.

    Raises:
        click.UsageError: if there is no such command; the message suggests similar ones.
    """
    context = root
    for word in words:
        if not isinstance(context.command, PlainGroup):
            context.fail(f"{context.command_path} has no subcommands")
        _, command, _ = context.command.resolve_command(context, [word])
        if command is not None:
            context = click.Context(command, info_name=word, parent=context)
    return context


def _write_section(
    formatter: click.HelpFormatter, title: str, rows: Sequence[tuple[str, str]]
) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
