"""What is wrong with a command's arguments, in plain words: click's messages name neither value nor fix."""

from __future__ import annotations

import click
from click.exceptions import NoSuchCommand

from model.encoding.earlier_names import OPTIONS, renamed


def usage_problem(error: click.ClickException) -> str:
    """What is wrong, and the command whose help says how its arguments are written."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = "tlsprobe" if context is None else context.command_path
    return f"{_problem(error)} (see {path} --help)"


def _problem(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            return _unknown_option(error)
        case NoSuchCommand():
            return f"unknown command {error.command_name!r}{_suggestion(error.possibilities)}"
        case click.MissingParameter():
            return f"{_parameter(error)} is missing: add it"
        case click.BadParameter():
            return f"{_parameter(error)} {error.message}"
        case click.BadOptionUsage():
            fault = "needs a value" if "requires" in error.message else "takes no value"
            return f"{error.option_name} {fault}"
        case click.UsageError() if error.message.startswith("Got unexpected extra argument"):
            return f"too many arguments: remove {error.message.partition('(')[2].rstrip(')')}"
    return error.format_message()


def _unknown_option(error: click.NoSuchOption) -> str:
    if error.option_name in OPTIONS:
        return renamed(error.option_name, OPTIONS[error.option_name])
    return f"unknown option {error.option_name}{_suggestion(error.possibilities)}"


def _suggestion(names: list[str] | None) -> str:
    """The most similar name, which is the first one."""
    return f": did you mean {names[0]}?" if names else ""


def _parameter(error: click.BadParameter) -> str:
    """The option or argument as the command's help names it."""
    parameter = error.param
    if parameter is None:
        return "an argument"
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name
