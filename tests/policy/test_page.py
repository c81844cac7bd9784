"""The reference has every rule and every profile, and the example of policy.md is a valid policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from policy import RULES, load_policies
from policy.files.named_policies import named_policies
from policy.files.profiles import profiles
from scripts.policy_reference import reference

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def test_every_rule_has_its_section() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/policy-rules.md").read_text()
    assert page == reference(), "run `make docs`"
    sections = re.findall(r"^### (\S+) `(\w+)`$", page, re.MULTILINE)
    assert sections == [(rule.identifier, rule.name) for rule in RULES]
    for rule in RULES:
        section = page.split(f"### {rule.identifier} ")[1].split("\n### ")[0].split("\n## ")[0]
        assert f"\n{rule.requirement}. {rule.why}\n" in section
        assert f"\n- Violation: {rule.violation}.\n- Severity: {rule.severity.value}.\n" in section
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
            *rule.parameters.model_fields
        ]


def test_every_profile_has_its_row() -> None:
    assert _rows("Profiles") == [name for name in profiles() if name not in named_policies()]


def test_the_example_can_be_loaded(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(policies:\n.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "policies.yml"
    path.write_text(example[1])
    book = load_policies([path], datetime(2026, 11, 25, tzinfo=UTC))
    assert ([one.name for one in book.policies], book.remarks) == (["web", "sensitive"], ())
