"""The page about the practice names only rules, claims, metrics, alerts, profiles and commands that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import pytest

from policy import RULES
from policy.files.profiles import profiles
from service.cli.app import app
from tests.deploy.files import ROOT
from tests.deploy.test_rules import ALERTS
from tests.exporters.test_reference import ROWS

PAGE = (ROOT / "docs/reference/practice.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.DOTALL | re.MULTILINE)
NAMES = sorted(set(re.findall(r"`([^`\n]+)`", PROSE)))
COMMANDS = [name for name in NAMES if name.startswith("tlsprobe ")]
TABLE_ROW = re.compile(r"^\| (?!part|step|question|---)[^|]+ \|", re.MULTILINE)


def claims_of_aws() -> Iterator[str]:
    """The names among the arguments of each call of ``claim`` in the source for AWS."""
    for path in (ROOT / "discovery/cloud/aws").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
                if node.func.attr == "claim":
                    yield from (str(one) for one in texts if re.fullmatch("[a-z0-9_]+", str(one)))


def test_every_rule_claim_metric_alert_and_profile_exists() -> None:
    known = {rule.name for rule in RULES} | set(claims_of_aws()) | ROWS.keys() | ALERTS.keys()
    assert [name for name in NAMES if name not in known | set(profiles()) | set(COMMANDS)] == []


@pytest.mark.parametrize("text", COMMANDS)
def test_every_command_can_be_parsed(text: str) -> None:
    _, *words = text.split()
    command: click.Command = app
    parent = None
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        parent = click.Context(command, parent=parent)
        found = command.get_command(parent, words.pop(0))
        assert found is not None, text
        command = found
    command.make_context(text, words, parent=parent)


def test_each_part_has_what_proves_it() -> None:
    rows = [line for line in PROSE.splitlines() if TABLE_ROW.match(line)]
    assert len(rows) == 24
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert all(cells), row
        assert "`" in cells[1] or cells[1] in {"none", "every rule"} or "section" in cells[1], row


def test_the_test_finds_what_does_not_exist() -> None:
    assert "cloudfront_certificate" in set(claims_of_aws())
    assert "starttls_enforced" in NAMES
    assert "tlsprobe report verify FILE" in COMMANDS
