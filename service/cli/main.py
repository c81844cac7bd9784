"""The console script ``tlsprobe``: runs the requested command, and turns the way it ends into an exit code.

A user's mistake gives one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click
from click.shell_completion import shell_complete

from service.cli.app import (
    EXIT_BROKEN_PIPE,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    app,
    fail,
    print_lines,
)
from service.cli.commands import COMPLETION_VARIABLE, ROOT
from service.process.garbage import collect_rarely


def main() -> NoReturn:
    """Run the console script ``tlsprobe``; it exits with the command's code, never with a traceback."""
    collect_rarely()
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
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print_lines(*error.format_message().splitlines(), stream=sys.stderr)
        return EXIT_USAGE
    except click.ClickException as error:
        from service.cli.usage_problems import usage_problem

        return fail(usage_problem(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader is gone, as in `| head`. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code


def _run(arguments: list[str]) -> int:
    """Run the command; click's own ``main`` would end the process when a pipe breaks."""
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        return shell_complete(app, {}, ROOT, COMPLETION_VARIABLE, instruction)
    try:
        with app.make_context(ROOT, arguments) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return code if isinstance(code, int) else EXIT_OK
