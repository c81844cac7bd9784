"""The units leave the service as little as it needs, in the judgment of systemd itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.files import ROOT
from tests.deploy.unit_confinement import unit_settings

pytestmark = pytest.mark.integration

UNITS: Final = sorted((ROOT / "deploy/systemd").glob("*.service"))
OF_ITS_OWN: Final = {"Description", "Documentation", "ExecStart"}
MOST_EXPOSURE: Final = 1.1
"""Of 10; the rest is the network, which probing needs. docs/how-to/debian.md states it."""


def test_there_is_a_unit_for_the_service_and_one_for_workers() -> None:
    assert [unit.name for unit in UNITS] == ["tlsprobe-worker.service", "tlsprobe.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_exposure_is_low(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level is not None
    assert float(level[1]) <= MOST_EXPOSURE


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/systemd/system"
    folder.mkdir(parents=True)
    for unit in UNITS:
        (folder / unit.name).write_text(unit.read_text())
    for target in ("sysinit", "basic", "network-online", "multi-user", "shutdown"):
        (folder / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    for name in ("usr/bin/tlsprobe", "bin/kill"):
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}"]
    done = subprocess.run(
        [*command, *(unit.name for unit in UNITS)], check=False, capture_output=True, text=True
    )
    problems = [line for line in done.stderr.splitlines() if "tlsprobe" in line]
    assert problems == []


def test_both_units_differ_only_in_what_they_start() -> None:
    worker, service = ({**unit_settings(unit)} for unit in UNITS)
    for name in OF_ITS_OWN:
        assert worker.pop(name) != service.pop(name)
    assert worker == service
