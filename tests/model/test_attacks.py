"""The attacks' CVE numbers are those of the page on checks, and each attack has a fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model.findings.attacks import ATTACKS, attack_with_cves

PAGE = (Path(__file__).parents[2] / "docs/reference/checks.md").read_text(encoding="utf-8")
ROWS = {
    line.split("`")[1]: line.rsplit("|", 3)[1]
    for line in PAGE.partition("## Vulnerabilities")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| `")
}


@pytest.mark.parametrize("name", ATTACKS)
def test_the_cve_numbers_are_those_of_the_page(name: str) -> None:
    assert set(ATTACKS[name].cves) == set(re.findall(r"CVE-\d{4}-\d{4,}", ROWS[name]))
    assert ATTACKS[name].fix


def test_an_attack_is_named_with_its_numbers() -> None:
    assert attack_with_cves("rc4") == "RC4 biases (CVE-2013-2566, CVE-2015-2808)"
    assert attack_with_cves("null_suites") == "eavesdropping through suites without encryption"
