"""docs/reference/policy.md lists every rule and every profile, and its example is a valid policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from policy import RULES, load_policies
from policy.files.named_policies import named_policies
from policy.files.profiles import profiles

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def test_every_rule_has_its_row_with_its_parameters() -> None:
    assert _rows("Rules") == [rule.identifier for rule in RULES]
    for rule in RULES:
        parameters = ", ".join(f"`{name}`" for name in rule.parameters.model_fields)
        texts = f"{rule.requirement} | {rule.violation}"
        assert f"| `{rule.identifier}` | `{rule.name}` | {texts} | {parameters} |" in PAGE


def test_every_profile_has_its_row() -> None:
    assert _rows("Profiles") == [name for name in profiles() if name not in named_policies()]


def test_the_example_can_be_used(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(policies:\n.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "policies.yml"
    path.write_text(example[1])
    book = load_policies([path], datetime(2026, 11, 25, tzinfo=UTC))
    assert ([one.name for one in book.policies], book.remarks) == (["web", "sensitive"], ())
