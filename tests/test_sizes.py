"""What can be seen whole: functions fit on a screen, modules and folders stay small."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = (*PACKAGES, "tlsprobe", "benchmarks", "fuzz", "scripts")
MOST_LINES_OF_A_FUNCTION: Final = 45
MOST_LINES_OF_A_MODULE: Final = 350
MOST_MODULES_OF_A_FOLDER: Final = 15


def modules(room: str) -> Iterator[Path]:
    """The modules of a room; migrations of released schemas stay as they were written."""
    return (path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_is_longer_than_a_screen(room: str) -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_is_too_long(room: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(room)}
    assert lengths
    assert [path for path, length in lengths.items() if length > MOST_LINES_OF_A_MODULE] == []


def test_no_folder_has_too_many_modules() -> None:
    every = chain.from_iterable(map(modules, ROOMS))
    folders = Counter(path.parent for path in every if path.name != "__init__.py")
    assert [folder for folder, count in folders.items() if count > MOST_MODULES_OF_A_FOLDER] == []
