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
            fault = "takes no value" if _is_flag(error) else "needs a value"
            return f"{error.option_name} {fault}"
    return error.format_message()


def _is_flag(error: click.BadOptionUsage) -> bool:
    declared = [] if error.ctx is None else error.ctx.command.params
    return any(
        isinstance(one, click.Option) and one.is_flag
        for one in declared
        if error.option_name in (*one.opts, *one.secondary_opts)
    )


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
