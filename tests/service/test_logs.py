from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.process.logs import LogFormat, set_up_logs

HOSTILE = "\x1b[2J\u202eevil\r\nforged: line\x7f"


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def log_hostile_text(log_format: LogFormat) -> None:
    set_up_logs(log_format, "info")
    structlog.stdlib.get_logger("ours").warning("visit finished", reason=HOSTILE)
    logging.getLogger("a.library").warning("it said %s", HOSTILE)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("a.library").exception("it failed")


def test_json_is_one_ascii_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_hostile_text("json")
    log = capsys.readouterr().err
    events = [json.loads(line) for line in log.splitlines()]
    assert [(event["logger"], event["level"]) for event in events] == [
        ("ours", "warning"),
        ("a.library", "warning"),
        ("a.library", "error"),
    ]
    assert events[0]["reason"] == HOSTILE
    assert "ValueError" in events[2]["exception"]
    assert log.isascii()
    assert "\x1b" not in log


def test_text_contains_no_foreign_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_hostile_text("text")
    text = capsys.readouterr().err
    assert text.count("u202eevil") == 3
    assert not any(char in text for char in "\x1b\u202e\x7f\r")
    assert "ValueError: \\x1b[2J\\u202eevil" in text


def test_a_pipe_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("auto", "info")
    structlog.stdlib.get_logger("ours").info("serving")
    assert json.loads(capsys.readouterr().err)["event"] == "serving"


def test_the_probe_level_is_respected(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json", "error")
    structlog.stdlib.get_logger("ours").warning("visit finished")
    logging.getLogger("a.library").warning("it said so")
    assert capsys.readouterr().err == ""
