"""Writes tlsprobe as one file: ``python -m scripts.one_file build/tlsprobe.pyz``."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.one_file.first_start import python_here
from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[2]
_FIRST_START: Final = Path(__file__).with_name("first_start.py")
_LOCKS: Final = ("requirements/workers.txt", "requirements/quic.txt")
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", *PACKAGES, "tlsprobe")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that the same packages give the same bytes."""


def build(output: Path) -> None:
    """Install tlsprobe and its locked packages into a folder, and write it to ``output``."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        packages = Path(work) / "packages"
        _install(packages, "--require-hashes", *(f"--requirement={ROOT / one}" for one in _LOCKS))
        # Setuptools writes into the folder that it builds.
        source = Path(work) / "source"
        source.mkdir()
        for name in _SOURCES:
            _copy(ROOT / name, source / name)
        _install(packages, "--no-deps", "--no-build-isolation", str(source))
        shutil.rmtree(packages / "bin")
        _write(output, packages)
    output.chmod(0o755)


def _install(packages: Path, *arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    options = ("--quiet", "--python", sys.executable, "--target", packages)
    subprocess.run([uv, "pip", "install", *options, *arguments], check=True)


def _copy(origin: Path, copy: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, copy, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, copy)


def _write(output: Path, packages: Path) -> None:
    files = dict(_contents(packages))
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    build = {"identifier": digest.hexdigest(), "python": python_here()}
    files |= {"build.json": json.dumps(build).encode(), "__main__.py": _FIRST_START.read_bytes()}
    with output.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)


def _contents(packages: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(packages.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            yield f"packages/{path.relative_to(packages)}", path.read_bytes()


if __name__ == "__main__":
    build(Path(sys.argv[1]))
