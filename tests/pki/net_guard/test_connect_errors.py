"""The broken connections that this machine has caused at servers which block clients for them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.net_guard.connect_errors import (
    MOST_ERRORS,
    MOST_HELLOS,
    PERIOD,
    Allowance,
    ConnectErrors,
    Tally,
)

_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
_SERVER = "192.0.2.1 3306"
_MAX_CONNECT_ERRORS = 100
"""The default of MySQL and MariaDB."""


def _allowance(errors: ConnectErrors, days: float = 0) -> Allowance:
    return Allowance(errors, _SERVER, _NOW + timedelta(days=days))


def test_questions_end_before_handshakes_and_both_before_the_servers_limit() -> None:
    allowance = _allowance(ConnectErrors())
    asked = 0
    while allowance.may_ask:
        allowance.add()
        asked += 1
    assert (asked, allowance.may_finish) == (MOST_HELLOS, True)
    while allowance.may_finish:
        allowance.add()
        asked += 1
    assert asked == MOST_ERRORS < _MAX_CONNECT_ERRORS


def test_another_process_and_a_restart_see_the_same_count(tmp_path: Path) -> None:
    file = tmp_path / "state" / "connect-errors"
    _allowance(ConnectErrors(file)).add(MOST_HELLOS)
    assert not _allowance(ConnectErrors(file)).may_ask
    assert Allowance(ConnectErrors(file), "192.0.2.2 3306", _NOW).may_ask


def test_counts_of_two_processes_add_up(tmp_path: Path) -> None:
    first, second = ConnectErrors(tmp_path), ConnectErrors(tmp_path)
    # Most of these fall into one tick of the clock that times files, and the kernel reuses inodes at once.
    for count in range(1, 200):
        first.add(_SERVER, 1, _NOW)
        second.add(_SERVER, 1, _NOW)
        for errors in (first, second):
            tally = errors.tally(_SERVER)
            assert tally is not None
            assert tally.count == 2 * count


def test_a_file_is_read_only_after_it_was_replaced(tmp_path: Path) -> None:
    errors = ConnectErrors(tmp_path)
    errors.add(_SERVER, 1, _NOW)
    known = errors.tally(_SERVER)
    (file,) = tmp_path.glob("*.json")
    written_at = file.stat().st_mtime_ns
    file.write_text("something that could not be read")
    os.utime(file, ns=(written_at, written_at))
    assert errors.tally(_SERVER) == known == Tally(since=_NOW, count=1)


def test_an_allowance_is_renewed_after_its_period() -> None:
    errors = ConnectErrors()
    _allowance(errors).add(MOST_ERRORS)
    late = _allowance(errors, days=PERIOD / timedelta(days=1) - 1)
    assert (late.may_finish, late.is_renewed) == (False, False)
    renewed = _allowance(errors, days=PERIOD / timedelta(days=1))
    assert (renewed.may_ask, renewed.may_enumerate, renewed.is_renewed) == (True, True, True)
    renewed.add()
    assert not _allowance(errors, days=PERIOD / timedelta(days=1)).is_renewed


def test_a_server_that_blocked_us_has_forgotten_the_count_once_it_answers_again() -> None:
    errors = ConnectErrors()
    allowance = _allowance(errors)
    allowance.add(MOST_ERRORS)
    allowance.block()
    assert _allowance(errors).is_renewed


def test_facts_that_nothing_remembers_the_price_of_count_as_paid() -> None:
    errors = ConnectErrors()
    allowance = _allowance(errors)
    assert allowance.is_unknown
    allowance.forgo()
    assert not _allowance(errors).is_unknown
    assert not _allowance(errors).may_ask


@given(st.lists(st.integers(min_value=-3, max_value=40), max_size=8))
def test_the_count_never_falls_below_zero(counts: list[int]) -> None:
    errors = ConnectErrors()
    expected = 0
    for count in counts:
        errors.add(_SERVER, count, _NOW)
        expected = max(0, expected + count)
        tally = errors.tally(_SERVER)
        assert tally is not None
        assert tally.count == expected


@pytest.mark.parametrize("damaged", ["", "[]", "{", '{"count": 1}', '{"since": null}'])
def test_a_damaged_file_is_reported_and_replaced(
    damaged: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / f"{_SERVER}.json"
    file.write_text(damaged)
    ConnectErrors(tmp_path).add(_SERVER, 2, _NOW)
    tally = ConnectErrors(tmp_path).tally(_SERVER)
    assert tally is not None
    assert tally.count == 2
    assert "a damaged file" in caplog.text


def test_a_directory_that_cannot_be_written_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    errors = ConnectErrors(blocked / "connect-errors")
    for _ in range(3):
        errors.add(_SERVER, 1, _NOW)
    tally = errors.tally(_SERVER)
    assert tally is not None
    assert tally.count == 3
    assert caplog.text.count("counted in memory only") == 1


@pytest.mark.parametrize("server", [_SERVER, "2001:db8::1 3306", "fe80::1%eth0 3306", "../x 1"])
def test_each_server_has_a_file_of_its_own(server: str, tmp_path: Path) -> None:
    directory = tmp_path / "errors"
    ConnectErrors(directory).add(server, 3, _NOW)
    (file,) = directory.glob("*.json")
    assert json.loads(file.read_text()) == {
        "since": "2026-11-30T12:00:00Z",
        "count": 3,
        "is_blocked": False,
    }
    assert [one.name for one in tmp_path.iterdir()] == ["errors"]
