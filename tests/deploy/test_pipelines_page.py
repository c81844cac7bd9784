"""GitHub and GitLab accept the snippets of docs/how-to/gate-a-pipeline.md, and every command in them exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from service.cli.reports.report import Format
from tests.service.processes import tlsprobe

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "gate-a-pipeline.md"
CHECK = Path(sys.executable).with_name("check-jsonschema")


def snippet(heading: str) -> str:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("heading", "schema"),
    [("GitHub Actions", "vendor.github-workflows"), ("GitLab CI", "vendor.gitlab-ci")],
)
def test_the_snippet_is_valid_by_the_schema_of_the_forge(
    heading: str, schema: str, tmp_path: Path
) -> None:
    file = tmp_path / "snippet.yml"
    file.write_text(snippet(heading))
    done = subprocess.run(
        [CHECK, "--builtin-schema", schema, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_documented_commands_have_the_documented_options_and_formats() -> None:
    text = PAGE.read_text(encoding="utf-8")
    helps = "".join(tlsprobe(command, "--help").stdout for command in ("scan", "report"))
    options = set(re.findall(r"tlsprobe .*?(--[a-z-]+)", text)) | set(
        re.findall(r"^ *(--[a-z-]+) ", text, re.MULTILINE)
    )
    assert {"--policy", "--format", "--fail-on"} <= options
    assert all(option in helps for option in options)
    formats = set(re.findall(r"--format ([a-z]+)", text))
    assert formats <= {one.value for one in Format}


def test_every_snippet_is_yaml() -> None:
    assert yaml.safe_load(snippet("GitHub Actions"))["jobs"].keys() == {"scan", "report"}
