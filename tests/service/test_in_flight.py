"""The record of visits in flight, in real files, including the death of a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from service.watchdog.in_flight import InFlight, left_behind

DYING = """
import os, signal, sys
from contextlib import ExitStack
from pathlib import Path
from service.watchdog.in_flight import InFlight

marks = InFlight(Path(sys.argv[1]))
marks.open()
with ExitStack() as running:
    for key in sys.argv[2:]:
        running.enter_context(marks.visiting(key))
    with marks.visiting("is over"):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_with(base: Path, *keys: str) -> None:
    done = subprocess.run([sys.executable, "-c", DYING, base, *keys], check=False)
    assert done.returncode == -signal.SIGKILL


def keys_in_flight(base: Path) -> set[str]:
    return {key for one in left_behind(base) for key in one.endpoint_keys}


def test_a_killed_process_leaves_its_visits_in_flight_until_they_are_removed(
    tmp_path: Path,
) -> None:
    base = tmp_path / "tlsprobe.db"
    die_with(base, "a:443@192.0.2.1", "b\n[:443@192.0.2.2")
    die_with(base, "c:443@192.0.2.3")
    die_with(tmp_path / "other.db", "d:443@192.0.2.4")
    assert keys_in_flight(base) == {"a:443@192.0.2.1", "b\n[:443@192.0.2.2", "c:443@192.0.2.3"}
    for one in left_behind(base):
        one.forget()
    assert left_behind(base) == []


def test_the_visits_in_flight_of_a_live_process_are_not_abandoned(tmp_path: Path) -> None:
    marks = InFlight(tmp_path / "tlsprobe.db")
    marks.open()
    with marks.visiting("a:443@192.0.2.1"):
        assert left_behind(tmp_path / "tlsprobe.db") == []
    marks.close()
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 6), max_size=40))
def test_the_file_lists_what_runs_after_any_sequence_of_starts_and_ends(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    """Each number starts the visit with that key if it does not run, and ends it if it does."""
    directory = tmp_path_factory.mktemp("marks")
    marks = InFlight(directory / "t", compact_bytes=60)
    marks.open()
    running: dict[int, ExitStack] = {}
    for step in steps:
        if step in running:
            running.pop(step).close()
        else:
            running[step] = ExitStack()
            running[step].enter_context(marks.visiting(f"{step}"))
    [file] = directory.iterdir()
    copy = directory / "copy.in-flight-1"
    copy.write_bytes(file.read_bytes())
    assert keys_in_flight(directory / "copy") == {str(step) for step in running}
    # At most the limit, the running visits, and a line.
    assert file.stat().st_size <= 60 + 10 * (len(running) + 1)
    for one in running.values():
        one.close()
    marks.close()


def test_a_truncated_line_does_not_hide_other_lines(tmp_path: Path) -> None:
    (tmp_path / "t.in-flight-1").write_bytes(b'[1, "a"]\n[1, "b"]\n[-1, "a"]\n[1, "c')
    assert Counter(keys_in_flight(tmp_path / "t")) == Counter(["b"])


def test_an_unusable_directory_is_reported_once_and_does_not_stop_visits(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    marks = InFlight(tmp_path / "file" / "t")
    with capture_logs() as events:
        marks.open()
        for _ in range(2):
            with marks.visiting("a"):
                pass
        marks.close()
    [event] = events
    assert "set state_directory" in event["fix"]
    assert left_behind(tmp_path / "file" / "t") == []
