"""The wheel that the image installs contains every data file in the packages' folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deploy.files import ROOT
from tlsprobe.own_packages import PACKAGES

pytestmark = pytest.mark.slow

NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.md")


def test_the_wheel_carries_every_module_and_data_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    packages = (*PACKAGES, "tlsprobe")
    for name in packages:
        shutil.copytree(ROOT / name, source / name, ignore=NOT_SHIPPED)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    expected = {
        str(path.relative_to(source))
        for name in packages
        for path in (source / name).rglob("*")
        if path.is_file()
    }

    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, source], check=True, capture_output=True)

    (wheel,) = tmp_path.glob("tlsprobe-*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert shipped == expected
