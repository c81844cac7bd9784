"""Targets files in CSV: the targets of valid rows, and the errors of the others."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.files.csv_file import RowError, read_csv
from discovery.files.targets_file import TargetsFileError, read_targets_file
from discovery.source import SourceReading


def test_columns_are_names_protocols_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "hosts.CSV"
    path.write_text(
        "target,server_name,team,note\n"
        'a.test,,payments,"with, a comma"\n'
        "192.0.2.1:8443,shop.test,,\n"
        "b.test,-,,\n"
        "a.test:443,,search,\n"
    )
    found = read_targets_file(path).targets
    assert [(one.key, dict(one.labels)) for one in found] == [
        ("a.test:443", {"team": "search", "note": "with, a comma"}),
        ("192.0.2.1:8443?server_name=shop.test", {}),
        ("b.test:443?server_name=", {}),
    ]
    assert found[0].source == f"file:{path}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: has no column 'target'"),
        ("host\na.test\n", "line 1: has no column 'target'"),
        ("target,team,team\n", "line 1: 'team' is not a valid column name"),
        ('target\n"a.test\n', ": is not valid CSV"),
    ],
)
def test_an_error_is_reported_with_its_line(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(text)
    with pytest.raises(TargetsFileError) as told:
        read_targets_file(path)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("target\na.test\nb test\n", "line 3: 'b test'"),
        ("target\na.test\nb.test,b\n", "line 3: has more fields"),
        ("target,protocol\na.test,tls\nb.test,smoke\n", "line 3: 'smoke' is an unknown protocol"),
    ],
)
def test_an_invalid_row_costs_only_itself(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(text)
    reading = read_targets_file(path)
    assert [target.key for target in reading.targets] == ["a.test:443"]
    (skipped,) = reading.skipped
    assert f"{path}, {words}" in str(skipped)


@given(st.text())
def test_any_text_is_targets_or_one_error(text: str) -> None:
    with suppress(RowError):
        assert isinstance(read_csv(text, Path("x"), 1000), SourceReading)
