"""tlsprobe as one file, and as a tool with an environment of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from scripts.one_file.__main__ import build
from scripts.one_file.first_start import wrong_python
from tests.deploy.files import ROOT
from tests.service.hostile import hostile_server
from tlsprobe.own_packages import PACKAGES

pytestmark = [pytest.mark.process, pytest.mark.slow]

UV: Final = Path(sys.executable).with_name("uv")
SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "requirements", *PACKAGES, "tlsprobe")


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("one-file") / "tlsprobe.pyz"
    build(file)
    return file


def environment(cache: Path) -> Mapping[str, str]:
    """A user's environment, with a Python that has no package of ours."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "XDG_CACHE_HOME": str(cache)}


def start(file: Path, cache: Path, *arguments: str) -> subprocess.Popen[str]:
    # -S: without the packages of this environment.
    return subprocess.Popen(
        [sys.executable, "-S", file, *arguments],
        env=environment(cache),
        cwd=cache,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def first_starts(
    one_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[tuple[int, str, str]]]:
    """The cache after two first starts at once, and how each of them ended."""
    cache = tmp_path_factory.mktemp("cache")
    started = [start(one_file, cache, "--version") for _ in range(2)]
    ended = [one.communicate() for one in started]
    return cache, [(one.returncode, *texts) for one, texts in zip(started, ended, strict=True)]


def test_first_starts_at_once_unpack_once(
    first_starts: tuple[Path, list[tuple[int, str, str]]],
) -> None:
    cache, starts = first_starts
    for code, output, errors in starts:
        assert (code, errors) == (0, "")
        assert output.startswith("tlsprobe ")
    (unpacked,) = (cache / "tlsprobe").iterdir()
    assert (unpacked / "packages/tlsprobe").is_dir()


async def test_the_one_file_scans(
    one_file: Path, first_starts: tuple[Path, list[tuple[int, str, str]]]
) -> None:
    async with hostile_server("one.test") as port:
        scan = start(one_file, first_starts[0], "scan", f"127.0.0.1:{port}", "--json")
        output, errors = await asyncio.to_thread(scan.communicate)
    assert scan.returncode == 0, errors
    assert json.loads(output)["target"]["port"] == port


def test_a_cache_that_cannot_be_written_is_one_sentence(one_file: Path, tmp_path: Path) -> None:
    (tmp_path / "tlsprobe").write_text("a file where the folder must be")
    failed = start(one_file, tmp_path, "--version")
    output, errors = failed.communicate()
    assert (failed.returncode, output) == (1, "")
    assert str(tmp_path) in errors
    assert "set XDG_CACHE_HOME" in errors
    assert errors.count("\n") == 1


def test_another_python_is_refused_by_name() -> None:
    assert wrong_python("cpython-399-x86_64-linux-gnu").startswith("this file is for cpython-399")


def test_uv_installs_the_locked_versions_as_a_tool(tmp_path: Path) -> None:
    """The command of docs/how-to/one-file.md, in a copy because setuptools writes into its source."""
    source = tmp_path / "source"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    command = "tool install --constraints requirements/workers.txt .[workers,push]"
    assert f"uv {command}" in (ROOT / "docs/how-to/one-file.md").read_text().replace("'", "")
    subprocess.run(
        [UV, *command.split(), "--python", sys.executable],
        env={**os.environ, **places},
        cwd=source,
        check=True,
        capture_output=True,
    )
    done = subprocess.run(
        [tmp_path / "bin/tlsprobe", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("tlsprobe ")
