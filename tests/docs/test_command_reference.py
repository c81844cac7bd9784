"""docs/reference/commands.md has the help of every command, as the command prints it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.command_reference import every_command, help_of, reference
from service.cli.commands import COMMANDS
from tests.service.processes import tlsprobe

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"


def test_the_page_is_generated_from_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    written, made = _sections(PAGE.read_text()), _sections(reference())
    # One section at a time: a difference of the whole page is too long to be shown.
    assert [title for title in made if written.get(title) != made[title]] == [], "run `make docs`"
    assert list(written.items()) == list(made.items()), "run `make docs`"


def _sections(page: str) -> dict[str, str]:
    return {block.partition("\n")[0]: block for block in page.split("\n## ")}


def test_every_command_is_found() -> None:
    named = {words[-1] for words in every_command() if words}
    assert {row.name for row in COMMANDS} <= named
    assert {("db", "export"), ("policy", "diff"), ("report", "verify")} <= set(every_command())


def test_the_help_is_that_of_the_command_itself() -> None:
    shown = PAGE.read_text().split("## tlsprobe history\n\n```text\n")[1].split("\n```")[0]
    printed = tlsprobe("history", "--help").stdout
    assert shown.split() == printed.split()


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_help_has_an_example_of_its_command(words: tuple[str, ...]) -> None:
    examples = help_of(words).partition("Examples:\n")[2].splitlines()
    assert any(line.strip().startswith(" ".join(("tlsprobe", *words))) for line in examples)


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_every_help_has_whole_sentences_and_no_python_terms(words: tuple[str, ...]) -> None:
    # The placeholder in --runbook-url is a URL template, not Python's.
    shown = help_of(words, columns=80).replace("/{alert}", "/ALERT")
    sections = shown.partition("\n\n")[2]
    assert not any(mark in sections for mark in ("...", "…"))
    assert not re.search(r"\[\[|\{|<[a-z=]|[a-z]>", shown)
    assert max(map(len, shown.splitlines())) <= 80
