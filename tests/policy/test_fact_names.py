"""The names that policies may use are those that the probe yields, and the page of checks lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policy.fact_names import FEATURES, VULNERABILITIES
from probe.checks.catalogue import STAGES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"


def _names_on_the_page(heading: str) -> set[str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE))


def test_the_features_are_those_of_the_page() -> None:
    assert _names_on_the_page("Features") <= set(FEATURES)


def test_the_vulnerabilities_are_those_of_the_page() -> None:
    assert _names_on_the_page("Vulnerabilities") <= set(VULNERABILITIES)


RULED = {
    "Plaintext": {
        "answers_in_plaintext",
        "login_before_tls",
        "starttls_enforced",
        "starttls_offered",
    },
    "HTTPS": {
        "hsts",
        "hsts_include_subdomains",
        "hsts_preload",
        "redirect_downgrade",
        "redirects_to_https",
        "secure_cookies",
        "status",
    },
}
"""Facts with rules of their own, by the page's headings."""


@pytest.mark.parametrize("heading", RULED)
def test_facts_required_by_custom_rules_are_on_the_page(heading: str) -> None:
    assert RULED[heading] <= _names_on_the_page(heading)


def test_every_feature_and_vulnerability_of_a_check_can_be_named_in_a_policy() -> None:
    facts = {fact for stage in STAGES for check in stage.checks for fact in check.facts}
    pages = ("Plaintext", "HTTPS", "QUIC")
    others = set[str]().union(*map(_names_on_the_page, pages))
    assert facts - others <= {*FEATURES, *VULNERABILITIES}
