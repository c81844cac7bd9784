"""If the install script lacks permission to install, it lists what is missing and fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.deploy.files import ROOT

NEEDED_BY_THE_SCRIPT = ("bash", "dirname", "env", "id")


def test_missing_packages_are_named_if_nothing_can_be_installed(tmp_path: Path) -> None:
    for command in NEEDED_BY_THE_SCRIPT:
        found = shutil.which(command)
        assert found is not None
        (tmp_path / command).symlink_to(found)

    script = ROOT / "scripts/install-test-servers.sh"
    run = subprocess.run(
        [script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert run.stderr.startswith("install-test-servers.sh: missing: openssl ")
    assert run.stderr.count("\n") == 1
