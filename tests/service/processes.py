"""Runs the ``tlsprobe`` command as its users do: as a process of its own, on pipes or a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TLSPROBE: Final = Path(sys.executable).with_name("tlsprobe")
PATIENCE_SECONDS: Final = 60.0

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
"""The command on a machine whose name server never answers, not even to say that it will not."""


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without what would change how the command reads or prints."""
    unwanted = ("TLSPROBE_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "TERM": "xterm", **(changes or {})}


def tlsprobe(
    *arguments: str | Path, changes: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished command, its output caught in pipes."""
    return subprocess.run(
        [TLSPROBE, *arguments],
        env=environment(changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalRun:
    """What the command left on a terminal of 100 columns."""

    returncode: int
    output: str


def tlsprobe_on_terminal(
    *arguments: str | Path, changes: Mapping[str, str] | None = None
) -> TerminalRun:
    """The finished command, with a pseudo-terminal for standard output and error."""
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


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        # Linux says EIO when the last process has left the terminal.
        return b""


@contextmanager
def running(
    *arguments: str | Path,
    changes: Mapping[str, str] | None = None,
    program: Sequence[str | Path] = (TLSPROBE,),
) -> Iterator[subprocess.Popen[str]]:
    """The command as it runs, with pipes for its output; killed at the end if it still runs."""
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
