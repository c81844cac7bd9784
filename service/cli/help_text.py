"""The help of commands: whole sentences, arguments and choices as users type them, commands in sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from typer import TyperException
from typer.core import TyperCommand, TyperGroup


class PlainCommand(TyperCommand):
    """A command whose help shows its arguments as users type them, without braces and Python's types."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; an error names this command, whose help says how they are written."""
        with _naming(ctx):
            return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words after the command's name in the usage line."""
        return [re.sub(r"[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the arguments and of the options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            _write_section(formatter, title, parameter_rows(self, ctx, kind))


class PlainGroup(TyperGroup):
    """A command with subcommands; its help lists them in sections before the options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; an error names this command, whose help says how they are written."""
        with _naming(ctx):
            return super().parse_args(ctx, args)

    def sections(self, ctx: Any) -> Iterable[tuple[str, Sequence[str]]]:
        """Each section's title and the names of its commands."""
        return (("Commands", self.list_commands(ctx)),)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the commands, then the options."""
        for title, names in self.sections(ctx):
            rows = [(name, summary(self.get_command(ctx, name))) for name in names]
            _write_section(formatter, title, rows)
        _write_section(formatter, "Options", parameter_rows(self, ctx, "option"))


@contextmanager
def _naming(context: Any) -> Iterator[None]:
    """Typer's parser does not say which command's option is wrong."""
    try:
        yield
    except TyperException as error:
        if getattr(error, "ctx", context) is None:
            vars(error)["ctx"] = context
        raise


def summary(command: Any) -> str:
    """What the command does, in one whole sentence."""
    text = command.short_help or (command.help or "").partition("\n\n")[0]
    return " ".join(text.split())


def parameter_rows(command: Any, ctx: Any, kind: str) -> list[tuple[str, str]]:
    """The name and the help of each parameter of one ``kind``: ``argument`` or ``option``."""
    parameters = [one for one in command.get_params(ctx) if one.param_type_name == kind]
    rows = [row for one in parameters if (row := one.get_help_record(ctx)) is not None]
    rows = [(name, re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", text)) for name, text in rows]
    if kind == "argument":
        return [(name.partition(" <")[0], text) for name, text in rows]
    return [(re.sub(r"<(.+)>$", r"\1", name), text) for name, text in rows]


def context_of(root: Any, words: Sequence[str]) -> Any:
    """The context of the command with these ``words``, such as ``("policy", "list")``.

    Raises:
        typer.TyperException: if there is no such command; the message suggests similar ones.
    """
    context = root
    for word in words:
        if not isinstance(context.command, TyperGroup):
            context.fail(f"{context.command_path} has no subcommands")
        _, command, _ = context.command.resolve_command(context, [word])
        context = type(context)(command, info_name=word, parent=context)
    return context


def _write_section(formatter: Any, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
