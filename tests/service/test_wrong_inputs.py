"""Each wrong input gives one plain sentence with the input, the field, the line and the fix, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.processes import tlsprobe
from tests.service.wrong_inputs import EVERY, FILES, LEAK, Wrong

_AS_PROCESSES = ("serve", "worker", "demo")


def cases() -> list[object]:
    """Commands that are processes of their own are marked so."""
    return [
        pytest.param(one, id=str(one), marks=pytest.mark.process if _is_process(one) else ())
        for one in EVERY
    ]


def _is_process(wrong: Wrong) -> bool:
    return wrong.command.split()[0] in _AS_PROCESSES


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)


@pytest.mark.parametrize("wrong", cases())
def test_a_wrong_input_is_reported_in_one_plain_sentence(wrong: Wrong) -> None:
    for name, text in wrong.files.items():
        Path(name).write_text(text)
    run = tlsprobe(*wrong.command.split(), changes=wrong.environment)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("tlsprobe: ")
    assert run.stderr.count("\n") == 1
    assert LEAK.search(run.stderr) is None, run.stderr
    assert [text for text in wrong.named if text not in run.stderr] == [], run.stderr


def test_a_leak_is_found() -> None:
    for text in (
        "Invalid value for '--limit': Input should be a valid integer",
        "Input tag 'slak' found using 'type' does not match",
        "files <list[Path]> [[HOST]]",
        "Value error, 'High' is not one of",
        "(most recent call last)",
        "String should have at least 1 character",
        "sqlalchemy.exc.OperationalError",
    ):
        assert LEAK.search(text)
