"""The man pages: one for each command, in roff that mandoc and man(1) read, with every option of the help."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scripts.command_reference import every_command, help_of
from scripts.man_pages import man_page, write_man_pages

DATE = "2026-11-30"
COMMANDS = list(every_command())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("man")
    write_man_pages(written, DATE)
    return written


def page_of(folder: Path, words: tuple[str, ...]) -> Path:
    return folder / f"{'-'.join(('tlsprobe', *words))}.1"


def shown(page: Path, renderer: str = "man -l") -> str:
    """The page as the renderer prints it on a wide terminal, without overstrikes."""
    printed = subprocess.run(
        [*renderer.split(), str(page)],
        env={
            "MANWIDTH": "200",
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "MANOPT": "--no-hyphenation",
        },
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert printed.stderr == ""
    return re.sub(".\b", "", printed.stdout)


def test_there_is_a_page_for_each_command(folder: Path) -> None:
    assert {page.name for page in folder.iterdir()} == {
        page_of(folder, words).name for words in COMMANDS
    }
    assert {"tlsprobe.1", "tlsprobe-scan.1", "tlsprobe-db-import.1"} <= {
        page.name for page in folder.iterdir()
    }


@pytest.mark.integration
def test_mandoc_finds_nothing_wrong(folder: Path) -> None:
    checked = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *sorted(folder.iterdir())],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.integration
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_page_shows_all_of_the_help(words: tuple[str, ...], folder: Path) -> None:
    """Arguments, options, examples and notes: each word of the help is in the page, in mandoc's text."""
    help_text = help_of(words).partition("\n\n")[2]
    page = shown(page_of(folder, words), "mandoc -T utf8")
    assert set(re.findall(r"-{1,2}[a-z0-9][a-z0-9-]*", help_text)) <= set(
        re.findall(r"-{1,2}[a-z0-9][a-z0-9-]*", page)
    )
    headings = {"Arguments:", "Options:", "Commands:", "Examples:", "codes:", "Exit"}
    assert set(help_text.split()) - headings - set(page.split()) - set(titles(help_text)) == set()


def titles(help_text: str) -> list[str]:
    """The words of the section titles, which the help ends with a colon."""
    return [
        word
        for line in help_text.splitlines()
        if line.rstrip().endswith(":")
        for word in line.split()
    ]


@pytest.mark.integration
def test_man_shows_a_page(folder: Path) -> None:
    page = shown(page_of(folder, ("scan",)))
    assert "tlsprobe-scan - Probe endpoints now and print a report of each" in page
    assert "--proxy-protocol v1|v2" in page
    assert "tlsprobe scan example.com --json | jq '.protocols | map_values(.verdict)'" in page


def test_a_page_names_the_commands_above_and_below() -> None:
    assert ".BR tlsprobe (1),\n.BR tlsprobe\\-policy (1)\n" in man_page(("policy", "list"), DATE)
    assert ".BR tlsprobe\\-db\\-import (1)" in man_page(("db",), DATE)
