"""One addition to a copy of the tree: its files, the line that registers it, and a proof that it works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[2]
_OWN: Final = """
import os, model
assert os.path.dirname(os.path.dirname(model.__file__)) == os.getcwd(), model.__file__
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Inserts ``text`` into the file at ``path``, on the line after the one that begins with ``after``."""

    path: str
    after: str
    text: str

    def put(self, tree: Path) -> None:
        """Add it to the copy in ``tree``."""
        file = tree / self.path
        lines = file.read_text(encoding="utf-8").splitlines()
        places = [number for number, line in enumerate(lines, 1) if line.startswith(self.after)]
        assert places, f"{self.path} has no line that begins with {self.after!r}"
        lines.insert(places[0], self.text)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def imported(path: str, text: str) -> Line:
    """An import, which is inserted at the top of its module."""
    return Line(path=path, after="from __future__", text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """``kind`` is the row of docs/contribute/how-do-i-add.md; ``proof`` is code that prints ``shows``."""

    kind: str
    files: Mapping[str, str]
    lines: tuple[Line, ...] = ()
    proof: str
    shows: str

    @property
    def registered_in(self) -> set[str]:
        """The files that get a line."""
        return {line.path for line in self.lines}

    def build(self, tree: Path) -> None:
        """Copy the packages to ``tree``, with their bytecode, and make the addition there."""
        for name in (*PACKAGES, "tlsprobe"):
            # Another process may be about to rename a file of bytecode to its last name.
            ignored = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        for path, text in self.files.items():
            assert not (tree / path).exists(), (
                f"{path} is there already: give the example another name"
            )
            (tree / path).write_text(text, encoding="utf-8")
        for line in self.lines:
            line.put(tree)

    def prove(self, tree: Path) -> str:
        """The output of the proof, which imports the copy."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(
            [sys.executable, "-c", f"{_OWN}\n{self.proof}"],
            cwd=tree,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()
