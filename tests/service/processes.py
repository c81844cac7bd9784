"""Runs the ``tlsprobe`` command: in this process, which is fast, or like its users in a process of its own.

``tlsprobe`` tests what a command reads, prints and returns. The other functions test what needs a process:
its start, its signals, its pipes, its terminal, and a running service. Tests that use them are marked
``process``.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from service.cli.main import run_command

are_allowed = False
"""Whether the running test is marked ``process``; ``tests/conftest.py`` sets it."""

TLSPROBE: Final = Path(sys.executable).with_name("tlsprobe")
PATIENCE_SECONDS: Final = 150.0

HANGING_RESOLVER: Final = (
    sys.executable,
    "-c",
    """
import socket, sys, time
from service.cli.main import main

def hang(*_arguments, **_options):
    sys.stderr.write('{"event": "looking up"}\\n')
    time.sleep(300)

system_look_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **options: (
    hang() if str(host).endswith("www.example") else system_look_up(host, *rest, **options)
)
main()
""",
)
"""The command on a machine whose name server never answers, not even with an error."""


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, without variables that change how the command reads or prints."""
    unwanted = ("TLSPROBE_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "TERM": "xterm", **(changes or {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """The command's output and its exit code."""

    returncode: int
    stdout: str
    stderr: str


_ONE_COMMAND = threading.Lock()
"""The standard streams and the environment belong to the process, so one command uses them at a time."""


_SERVICES: Final = ("serve", "worker", "demo")
"""Commands that set up logging for good, and handle signals: they are always processes."""


def tlsprobe(*arguments: str | Path, changes: Mapping[str, str] | None = None) -> CommandRun:
    """The finished command; it ran in this thread, with the environment and streams of a process of its own."""
    if arguments and arguments[0] in _SERVICES:
        return _finished_process(arguments, changes)
    output, errors, nothing = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(3))
    with (
        _ONE_COMMAND,
        patch.dict(os.environ, environment(changes), clear=True),
        patch.multiple(sys, stdin=nothing, stdout=output, stderr=errors),
    ):
        code = run_command([str(one) for one in arguments])
    return CommandRun(returncode=code, stdout=_written(output), stderr=_written(errors))


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def tlsprobe_process(
    *arguments: str | Path, changes: Mapping[str, str] | None = None
) -> CommandRun:
    """The finished command as a process, with its output captured in pipes."""
    _refuse_without_mark()
    return _finished_process(arguments, changes)


def _finished_process(
    arguments: Sequence[str | Path], changes: Mapping[str, str] | None
) -> CommandRun:
    run = subprocess.run(
        [TLSPROBE, *arguments],
        env=environment(changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return CommandRun(returncode=run.returncode, stdout=run.stdout, stderr=run.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRun:
    """The command's final output on a terminal of 100 columns."""

    returncode: int
    output: str


def tlsprobe_on_terminal(
    *arguments: str | Path, changes: Mapping[str, str] | None = None
) -> TerminalRun:
    """The finished command, with a pseudo-terminal for standard output and error."""
    _refuse_without_mark()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [TLSPROBE, *arguments],
        env=environment({"COLUMNS": "100", **(changes or {})}),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    output = bytearray()
    try:
        while chunk := _read(ours):
            output += chunk
        return TerminalRun(
            returncode=process.wait(PATIENCE_SECONDS), output=output.decode().replace("\r\n", "\n")
        )
    finally:
        os.close(ours)
        process.kill()
        process.wait()


def _refuse_without_mark() -> None:
    assert are_allowed, "a test that starts tlsprobe as a process is marked so: pytest.mark.process"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # Linux reports EIO when the last process has left the terminal.
        return b""


@contextmanager
def running(
    *arguments: str | Path,
    changes: Mapping[str, str] | None = None,
    program: Sequence[str | Path] = (TLSPROBE,),
) -> Iterator[subprocess.Popen[str]]:
    """The running command, with pipes for its output; it is killed at the end if it still runs."""
    _refuse_without_mark()
    process = subprocess.Popen(
        [*program, *arguments],
        env=environment(changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
