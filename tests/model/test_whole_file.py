"""Files that are written whole, or stay as they were."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from model.safe_output.whole_file import whole_file


def test_a_file_is_new_or_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    for text in (b"first", b"second"):
        with whole_file(file) as opened:
            opened.write(text)
        assert file.read_bytes() == text
        file.chmod(0o640)
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


def write_half(file: Path) -> None:
    with whole_file(file) as opened:
        opened.write(b"half")
        opened.flush()
        raise KeyboardInterrupt


@pytest.mark.parametrize("before", [None, b"of an earlier run"])
def test_an_interrupted_file_stays_as_it_was(tmp_path: Path, before: bytes | None) -> None:
    file = tmp_path / "report.html"
    if before is not None:
        file.write_bytes(before)
    with pytest.raises(KeyboardInterrupt):
        write_half(file)
    assert list(tmp_path.iterdir()) == ([] if before is None else [file])
    assert before is None or file.read_bytes() == before


def test_an_error_names_the_file_that_was_wanted(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "report.html"
    with pytest.raises(FileNotFoundError) as caught, whole_file(file):
        """Not reached."""
    assert caught.value.filename == str(file)


def test_a_pipe_and_the_target_of_a_link_are_written_in_place(tmp_path: Path) -> None:
    pipe, link, behind = tmp_path / "pipe", tmp_path / "link", tmp_path / "behind"
    os.mkfifo(pipe)
    behind.write_bytes(b"before")
    link.symlink_to(behind)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    for file in (pipe, link):
        with whole_file(file) as opened:
            opened.write(b"whole")
    reader.join()
    assert (read, behind.read_bytes()) == ([b"whole"], b"whole")
    assert link.is_symlink()
