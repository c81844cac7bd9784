"""The console script ``tlsprobe``: runs the requested command, and turns the way it ends into an exit code.

A user's mistake gives one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from model.encoding.earlier_names import OPTIONS, renamed
from service.cli.app import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, EXIT_OK, app, fail
from service.cli.commands import COMPLETION_VARIABLE
from service.cli.completing import register_shells


def main() -> NoReturn:
    """Run the console script ``tlsprobe``; it exits with the command's code, never with a traceback."""
    code = run_command()
    sys.stderr.flush()
    # Python would wait for threads in which the system's resolver is still looking up names.
    os._exit(code)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the command with these arguments, by default those of the process.

    It prints on ``sys.stdout`` and ``sys.stderr``, and raises nothing that a user can cause.
    """
    # A terminal or pipe with another encoding gets escapes for characters that it cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if COMPLETION_VARIABLE in os.environ:
        register_shells()
    try:
        code = app(arguments, prog_name="tlsprobe", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return fail(_usage_problem(error))
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader is gone, as in `| head`. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code if isinstance(code, int) else EXIT_OK


def _usage_problem(error: typer.TyperException) -> str:
    """What is wrong with the arguments, and the command whose help says how they are written."""
    from service.cli.usage_problems import usage_problem

    option = getattr(error, "option_name", None)
    if option is not None and option in OPTIONS:
        problem = renamed(option, OPTIONS[option])
    else:
        problem = usage_problem(error.format_message(), error.__cause__)
    context = getattr(error, "ctx", None)
    path = "tlsprobe" if context is None else context.command_path
    return f"{problem} (see {path} --help)"
