"""The names that policies may use are those that the probe gives, and the page of checks has them."""

from __future__ import annotations

import re
from pathlib import Path

from policy.fact_names import FEATURES, HTTPS, PLAINTEXT, VULNERABILITIES
from probe.checks.catalogue import STAGES

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"


def _of_the_page(heading: str) -> set[str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE))


def test_the_features_are_those_of_the_page() -> None:
    assert _of_the_page("Features") <= set(FEATURES)


def test_the_vulnerabilities_are_those_of_the_page() -> None:
    assert _of_the_page("Vulnerabilities") <= set(VULNERABILITIES)


def test_the_facts_of_plaintext_are_those_of_the_page() -> None:
    assert _of_the_page("Plaintext") == set(PLAINTEXT)


def test_the_facts_of_https_are_those_of_the_page() -> None:
    assert _of_the_page("HTTPS") == set(HTTPS)


def test_every_fact_of_a_check_can_be_named_in_a_policy() -> None:
    facts = {fact for stage in STAGES for check in stage.checks for fact in check.facts}
    assert facts <= {*FEATURES, *VULNERABILITIES, *PLAINTEXT, *HTTPS}
