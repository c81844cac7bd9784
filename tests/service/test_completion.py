"""The scripts of ``tlsprobe completion`` in real shells: TAB completes what a user typed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.service.processes import TLSPROBE, environment, tlsprobe

pytestmark = [pytest.mark.integration, pytest.mark.process]

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='READY> '"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PROMPT='READY> '; bindkey -e; autoload -U compinit; compinit -u -D",
    ),
}
TYPED = [
    ("tlsprobe sc", "tlsprobe scan"),
    ("tlsprobe scan --pol", "tlsprobe scan --policy"),
    ("tlsprobe policy li", "tlsprobe policy list"),
    ("tlsprobe scan --policy mozilla-int", "tlsprobe scan --policy mozilla-intermediate"),
    ("tlsprobe scan --intrusiveness st", "tlsprobe scan --intrusiveness standard"),
    ("tlsprobe help db imp", "tlsprobe help db import"),
]


class Terminal:
    """A shell with a terminal, and what it printed that is not read yet."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._unread = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def read_until(self, text: str) -> None:
        """Read up to the end of ``text``."""
        deadline = time.monotonic() + 60
        while text not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            is_readable = select.select([self._descriptor], [], [], left)[0]
            assert is_readable, f"{text!r} does not come: {self._unread!r}"
            self._unread += os.read(self._descriptor, 65536).decode(errors="replace")
        self._unread = self._unread.partition(text)[2]


@contextmanager
def shell(name: str, tmp_path: Path) -> Iterator[Terminal]:
    """The shell ``name`` with the script of ``tlsprobe completion`` read in."""
    command, settings = SHELLS[name]
    mine, its = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=tmp_path,
        start_new_session=True,
        env=shell_environment(tmp_path),
    )
    os.close(its)
    terminal = Terminal(mine)
    try:
        terminal.type(
            f"{settings}; source {script_of(name, tmp_path)}; echo script-is-$((1 + 1))\n"
        )
        terminal.read_until("script-is-2")
        yield terminal
    finally:
        process.kill()
        process.wait()
        with suppress(OSError):
            os.close(mine)


def shell_environment(tmp_path: Path) -> dict[str, str]:
    found = {**environment(), "HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "200"}
    return {**found, "PATH": f"{TLSPROBE.parent}:{os.environ['PATH']}"}


def script_of(name: str, tmp_path: Path) -> Path:
    script = tmp_path / f"tlsprobe.{name}"
    script.write_text(tlsprobe("completion", name).stdout)
    return script


@pytest.mark.parametrize("name", SHELLS)
def test_tab_completes_what_is_typed(name: str, tmp_path: Path) -> None:
    with shell(name, tmp_path) as terminal:
        for typed, completed in TYPED:
            terminal.read_until("READY> ")
            # TAB; then Ctrl-A, to print the line instead of running it.
            terminal.type(f"{typed}\t\x01echo line-is-$((1 + 1)) \n")
            terminal.read_until(f"line-is-2 {completed}")


def test_tab_completes_in_fish(tmp_path: Path) -> None:
    script = script_of("fish", tmp_path)
    for typed, completed in TYPED:
        asked = subprocess.run(
            ["fish", "--no-config", "-c", f'source {script}; complete --do-complete "{typed}"'],
            env=shell_environment(tmp_path),
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=60,
        )
        assert [line.partition("\t")[0] for line in asked.stdout.splitlines()] == [
            completed.rpartition(" ")[2]
        ]
