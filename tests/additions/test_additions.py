"""docs/contribute/how-do-i-add.md: the smallest example of each row works in a copy of the tree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.additions.addition import ROOT, Addition
from tests.additions.catalogue import ACTION, CHECK, RULE, SERVER, SOURCE, STARTTLS
from tests.additions.cloud_catalogue import AWS_RESOURCE, AZURE_RESOURCE, GOOGLE_RESOURCE
from tests.additions.service_catalogue import (
    COMMAND,
    METRIC,
    MIGRATION,
    NOTIFIER,
    REPORT,
    SETTING,
)

PAGE: Final = (ROOT / "docs/contribute/how-do-i-add.md").read_text(encoding="utf-8")
ROWS: Final = {
    cells[0]: cells[1:]
    for line in re.findall(r"^\| (.*) \|$", PAGE, re.MULTILINE)
    if not (cells := line.split(" | "))[0].startswith("-")
}
ADDITIONS: Final = (
    CHECK,
    STARTTLS,
    SOURCE,
    AWS_RESOURCE,
    GOOGLE_RESOURCE,
    AZURE_RESOURCE,
    RULE,
    SERVER,
    ACTION,
    METRIC,
    REPORT,
    NOTIFIER,
    COMMAND,
    SETTING,
    MIGRATION,
)


def test_every_row_has_its_example() -> None:
    assert list(ROWS)[1:] == [one.kind for one in ADDITIONS]


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda one: one.kind)
def test_the_row_names_the_files_of_the_example(addition: Addition) -> None:
    files, line, *_ = ROWS[addition.kind]
    assert all(f"`{path}`" in line for path in addition.registered_in)
    patterns = [
        re.compile(re.sub(r"<\w+>", r"[\\w]+", re.escape(path).replace(r"\<", "<")))
        for path in re.findall(r"`([^`]+)`", files)
    ]
    assert len(patterns) == len(addition.files)
    for path in addition.files:
        assert any(pattern.fullmatch(path) for pattern in patterns), path


def test_every_file_and_folder_of_the_page_exists() -> None:
    named = re.findall(r"`((?:[a-z]+/)+[\w.]*)`", PAGE)
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda one: one.kind)
def test_the_example_follows_its_file_and_its_line(addition: Addition, tmp_path: Path) -> None:
    addition.build(tmp_path)
    assert addition.prove(tmp_path) == addition.shows
