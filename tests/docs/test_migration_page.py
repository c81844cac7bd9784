"""The real blackbox_exporter accepts the file that docs/how-to/migrate-from-exporters.md starts from, and all of it is dealt with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.docs.page_blocks import File, steps

PAGE: Final = Path(__file__).parents[2] / "docs/how-to/migrate-from-exporters.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
FILES: Final = {one.name: one.text for one in steps(TEXT) if isinstance(one, File)}


@pytest.mark.integration
def test_blackbox_exporter_accepts_the_original_file(tmp_path: Path) -> None:
    file = tmp_path / "blackbox.yml"
    file.write_text(FILES[file.name])
    command = ["prometheus-blackbox-exporter", "--config.check", f"--config.file={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_moves_or_stays() -> None:
    before = yaml.safe_load(FILES["blackbox.yml"])["modules"].keys()
    after = yaml.safe_load(FILES["tlsprobe.yml"])["on_demand"]["modules"].keys()
    table = re.findall(r"^\| (`.*?)(?::.*)? \| (yes|no).* \|$", TEXT, re.MULTILINE)
    answers = {name: answer for names, answer in table for name in re.findall(r"`(\w+)`", names)}
    assert {name for name in before if answers[name] == "yes"} == before & after
    assert before - after <= {name for name, answer in answers.items() if answer == "no"}
