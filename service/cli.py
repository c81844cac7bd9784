"""The command line: each command is in a module ``service.cli_…``, and ``COMMANDS`` has them all.

Whatever goes wrong by the user's hand is one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Final, NoReturn

import typer

from service import (
    cli_database,
    cli_history,
    cli_once,
    cli_policy,
    cli_report,
    cli_service,
    cli_worker,
)
from service.cli_app import EXIT_BROKEN_PIPE, EXIT_INTERRUPTED, EXIT_OK, app, fail

COMMANDS: Final = (
    cli_once.scan,
    cli_once.explain,
    cli_once.replay,
    cli_service.serve,
    cli_worker.worker,
    cli_service.discover,
    cli_service.status,
    cli_service.certificates,
    cli_service.demo,
    cli_history.history,
    cli_history.diff,
    cli_history.changes,
    cli_history.inventory,
    cli_history.events,
    cli_database.db,
    cli_policy.policy_app,
    cli_report.report_app,
)
"""Each is registered where it stands."""


def main() -> NoReturn:
    """The console script ``tlsprobe``; exits with the command's code, never with a traceback."""
    code = _run()
    sys.stderr.flush()
    # Python would wait for threads in which the system's resolver still looks names up.
    os._exit(code)


def _run() -> int:
    # A terminal or pipe of another encoding gets escapes for what it cannot show.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="tlsprobe", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return fail(f"{error.format_message().rstrip('.')} (see tlsprobe --help)")
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has gone, as in `| head`. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code if isinstance(code, int) else EXIT_OK
