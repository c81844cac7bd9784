"""If another package with a general name is on Python's path, the start is refused with one sentence."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.service.processes import TLSPROBE, environment
from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[2]
_COMMANDS: Final = ((str(TLSPROBE),), (sys.executable, "-m", "tlsprobe"))


def _run(*command: str, path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment({"PYTHONPATH": str(path)}),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_every_package_of_the_distribution_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert sorted(patterns) == sorted(f"{name}*" for name in (*PACKAGES, "tlsprobe"))


@pytest.mark.process
@pytest.mark.parametrize("command", _COMMANDS, ids=["script", "module"])
@pytest.mark.parametrize("name", ["service", "model"])
def test_the_command_refuses_a_package_that_shadows_one_of_the_project(
    command: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    planted = tmp_path / name / "__init__.py"
    planted.parent.mkdir()
    planted.write_text("raise SystemExit('the planted package ran')")
    run = _run(*command, "--version", path=tmp_path, folder=planted.parent)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"tlsprobe: {planted} hides the package '{name}' of tlsprobe (")
    assert run.stderr.count("\n") == 1


def test_a_module_of_the_working_directory_hides_a_package_from_python_m(tmp_path: Path) -> None:
    planted = tmp_path / "probe.py"
    planted.write_text("raise SystemExit('the planted module ran')")
    run = _run(
        sys.executable, "-m", "tlsprobe", "--version", path=tmp_path / "none", folder=tmp_path
    )
    assert run.returncode == 2
    assert str(planted) in run.stderr


@pytest.mark.process
def test_a_folder_without_code_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    run = _run(str(TLSPROBE), "--version", path=tmp_path, folder=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_api_raises_what_the_command_prints(tmp_path: Path) -> None:
    planted = tmp_path / "policy" / "__init__.py"
    planted.parent.mkdir()
    planted.touch()
    code = (
        "import tlsprobe\ntry:\n    tlsprobe.scan\nexcept ImportError as error:\n    print(error)"
    )
    run = _run(sys.executable, "-c", code, path=tmp_path, folder=planted.parent)
    assert run.stdout.startswith(f"{planted} hides the package 'policy' of tlsprobe (")
    assert run.stderr == ""
