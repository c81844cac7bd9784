"""docs/reference/checks.md and the catalogue list the same facts, each once and with every column filled."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from probe.checks.catalogue import STAGES
from probe.checks.ike.stages import IKE_STAGES
from probe.checks.ssh.stages import SSH_STAGES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "checks.md"
COLUMNS = 5


TEXT = PAGE.read_text(encoding="utf-8")
SSH, IKE = (TEXT.split(f"\n## {name}\n")[1].split("\n## ")[0] for name in ("SSH", "IKE"))


def rows() -> list[list[str]]:
    """The cells of each row of TLS that begins with a name."""
    lines = TEXT.replace(SSH, "").replace(IKE, "").splitlines()
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if re.match(r"\| `\w+` \|", line)
    ]


def test_the_page_has_a_row_for_each_fact_and_no_other() -> None:
    documented = Counter(cells[0].strip("`") for cells in rows())
    settled = Counter(
        fact for stage in STAGES for check in stage.checks for fact in set(check.facts)
    )
    assert documented == settled


def test_each_row_has_text_in_every_column() -> None:
    assert [cells for cells in rows() if len(cells) != COLUMNS or not all(cells)] == []


def test_each_row_has_the_level_that_its_check_declares() -> None:
    declared = {
        fact: check.level.value
        for stage in STAGES
        for check in stage.checks
        for fact in check.facts
    }
    assert {cells[0].strip("`"): cells[-1] for cells in rows()} == declared


def test_the_rows_of_ssh_name_facts_that_its_checks_settle() -> None:
    settled = {fact for stage in SSH_STAGES for check in stage.checks for fact in check.facts}
    cells = re.findall(r"^\| (`[^|]+) \|", SSH, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w{3,})`", cell)} - {"ed448"}
    assert named - settled == set()
    assert {name for name in settled if not name.startswith("host_key_")} - named == set()


def test_the_rows_of_ike_name_the_facts_of_its_checks_with_their_level() -> None:
    levels = {
        fact: check.level.value
        for stage in IKE_STAGES
        for check in stage.checks
        for fact in check.facts
    }
    rows_of_ike = re.findall(r"^\| (`[^|]+) \|.*\| (\w+) \|$", IKE, re.MULTILINE)
    named = {name: level for cell, level in rows_of_ike for name in re.findall(r"`(\w+)`", cell)}
    assert named == levels
