"""Suspects in a real file, with a clock that the test sets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.process.state_files import state_base
from service.watchdog.quarantine import Quarantine, Suspect
from service.watchdog.suspicion import seconds_set_aside
from tests.service.fleet.test_visitor import SetClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEY, OTHER = "a:443@192.0.2.1", "b:443@192.0.2.2"


def quarantine(directory: Path, now: datetime = NOW) -> Quarantine:
    return Quarantine(directory / "t.db", SetClock(now))


def test_suspects_are_known_after_a_restart_until_they_are_cleared(tmp_path: Path) -> None:
    quarantine(tmp_path).accuse([KEY, OTHER])
    quarantine(tmp_path).accuse([KEY])
    again = quarantine(tmp_path)
    assert (again.suspect(KEY), again.suspect(OTHER)) == (Suspect(deaths=2), Suspect(deaths=1))
    assert again.count_set_aside() == 0
    again.clear(KEY)
    assert quarantine(tmp_path).suspect(KEY) is None
    assert quarantine(tmp_path).suspect(OTHER) == Suspect(deaths=1)


def test_each_quarantine_is_longer_up_to_32_days(tmp_path: Path) -> None:
    lengths, now = [], NOW
    for _ in range(7):
        until = quarantine(tmp_path, now).set_aside(KEY)
        lengths.append((until - now) / DAY)
        assert quarantine(tmp_path, until - timedelta(seconds=1)).count_set_aside() == 1
        assert quarantine(tmp_path, until).count_set_aside() == 0
        now = until
    assert lengths == [1, 2, 4, 8, 16, 32, 32]
    quarantine(tmp_path, now).clear(KEY)
    assert quarantine(tmp_path, now).set_aside(KEY) == now + DAY
    assert seconds_set_aside(10**9) == 32 * 86_400


def test_two_processes_do_not_lose_data_of_each_other(tmp_path: Path) -> None:
    first, second = quarantine(tmp_path), quarantine(tmp_path)
    first.accuse([KEY])
    second.accuse([OTHER])
    assert {KEY, OTHER} == {key for key in (KEY, OTHER) if quarantine(tmp_path).suspect(key)}


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"deaths": "x"}}', "\x00"])
def test_a_damaged_file_is_reported_and_written_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.db.quarantine").write_text(text)
    with capture_logs() as events:
        damaged = quarantine(tmp_path)
    assert damaged.suspect("a") is None
    if text != "[]":
        assert "delete the file" in events[0]["fix"]
    damaged.accuse([KEY])
    assert quarantine(tmp_path).suspect(KEY) == Suspect(deaths=1)


def test_without_a_writable_directory_suspects_are_known_until_the_process_ends(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    kept = quarantine(tmp_path / "file")
    with capture_logs() as events:
        kept.accuse([KEY])
        kept.accuse([KEY])
    assert kept.suspect(KEY) == Suspect(deaths=2)
    assert "set state_directory" in events[-1]["fix"]


def test_the_files_are_next_to_the_database_or_in_the_configured_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert state_base("sqlite:////data/t.db", None) == Path("/data/t.db")
    assert state_base("sqlite:////data/t.db", tmp_path) == tmp_path / "t.db"
    found = state_base("postgresql://u:secret@db/one", None)
    assert found.parent == Path("/var/state/tlsprobe")
    assert found == state_base("postgresql://u:other@db/one", None), "passwords change"
    assert found.name != state_base("postgresql://u:secret@db/two", None).name
    assert state_base("postgresql://u@db/one", tmp_path).parent == tmp_path
