"""Starts a real server, waits until it is ready, and stops it.

A server is ready when its own output says so; it is stopped by its own pid. All its output goes to a log file
in the test's temporary folder.
"""

from __future__ import annotations

import os
import pwd
import queue
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

READY_WITHIN_SECONDS = 90.0
STOPPED_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command to run, and the pattern of the output line that says that it listens.

    ``user`` is the user it runs as, if that is not the user who runs the tests.
    """

    arguments: Sequence[str]
    ready: str
    environment: Mapping[str, str] | None = None
    inherited_descriptors: Sequence[int] = ()
    user: str | None = None


class ServerDidNotStartError(RuntimeError):
    """A server of the zoo ended, or stayed silent, instead of listening."""


@contextmanager
def running(command: Command, directory: Path) -> Iterator[re.Match[str]]:
    """Runs ``command`` while the context lasts; yields the match of its ready line.

    Raises:
        ServerDidNotStartError: with the server's output instead.
    """
    log_file = directory / "server.log"
    process = subprocess.Popen(
        command.arguments,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=os.environ | dict(command.environment or {}),
        pass_fds=command.inherited_descriptors,
        user=command.user,
        group=pwd.getpwnam(command.user).pw_gid if command.user else None,
    )
    assert process.stdout is not None
    said: queue.SimpleQueue[re.Match[str] | None] = queue.SimpleQueue()
    reader = threading.Thread(
        target=_keep_output, args=(process.stdout, log_file, re.compile(command.ready), said)
    )
    reader.start()
    try:
        yield _ready_line(command, said, log_file)
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()


def _keep_output(
    output: IO[str],
    log_file: Path,
    ready: re.Pattern[str],
    said: queue.SimpleQueue[re.Match[str] | None],
) -> None:
    with output, log_file.open("w") as log:
        for line in output:
            log.write(line)
            log.flush()
            if match := ready.search(line):
                said.put(match)
    said.put(None)


def _ready_line(
    command: Command, said: queue.SimpleQueue[re.Match[str] | None], log_file: Path
) -> re.Match[str]:
    try:
        match = said.get(timeout=READY_WITHIN_SECONDS)
    except queue.Empty:
        match = None
    if match is None:
        raise ServerDidNotStartError(
            f"{command.arguments[0]} did not say {command.ready!r}, but: {log_file.read_text()}"
        )
    return match
