"""docs/reference/python-api.md: its examples run against the demo's servers and print the documented output."""

from __future__ import annotations

import asyncio
import io
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

import pytest

import tlsprobe
from service.demo import DemoFleet
from service.demo.recipes import RECIPES
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

PAGE: Final = (Path(__file__).parents[2] / "docs/reference/python-api.md").read_text(
    encoding="utf-8"
)
EXAMPLES: Final = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
FUNCTIONS: Final = (
    "scan",
    "scan_blocking",
    "to_json",
    "from_json",
    *(f"policy.{name}" for name in ("assess", "findings", "load", "profiles")),
)


def test_every_python_block_shows_its_output() -> None:
    assert len(EXAMPLES) == PAGE.count("```python")


def test_every_public_function_has_an_example() -> None:
    public = {
        *(name for name in tlsprobe.__all__ if name[0].islower() and name != "policy"),
        *(f"policy.{name}" for name in tlsprobe.policy.__all__ if name[0].islower()),
    }
    assert public == set(FUNCTIONS)
    code = "".join(example for example, _ in EXAMPLES)
    assert [name for name in FUNCTIONS if f"tlsprobe.{name}" not in code] == []


def test_every_option_has_its_row() -> None:
    section = PAGE.split("### Options")[1].split("```")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rows == list(tlsprobe.ScanOptions.__annotations__)


def test_every_error_has_its_row() -> None:
    section = PAGE.split("## Errors")[1].split("```")[0]
    rows = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    errors = {name for name in tlsprobe.__all__ if name.endswith("Error")}
    assert set(rows) == errors


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_an_example_prints_what_the_page_shows(
    number: int, fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, printed = EXAMPLES[number]
    for recipe, target in zip(RECIPES, fleet.targets, strict=True):
        code = code.replace(f'"{recipe.name}.example"', f'"{target.host}:{target.port}"')
    code = code.replace('"closed.example"', f'"127.0.0.1:{free_port()}"')
    shutil.copy(fleet.trust_stores["demo"], tmp_path / "root.pem")
    shutil.copy(fleet.client_certificate, tmp_path / "client.pem")
    monkeypatch.chdir(tmp_path)
    output = io.StringIO()

    with redirect_stdout(output):
        await asyncio.to_thread(exec, compile(code, "docs/reference/python-api.md", "exec"), {})

    assert output.getvalue() == printed
