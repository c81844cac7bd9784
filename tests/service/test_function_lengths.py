"""A function of the service fits on a screen: a longer one does more than one thing."""

from __future__ import annotations

import ast
from pathlib import Path

import service

MOST_LINES = 45


def test_no_function_of_the_service_is_longer_than_a_screen() -> None:
    files = sorted(Path(service.__file__).parent.rglob("*.py"))
    lengths = {
        f"{file}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > len(files)
    assert [f"{name}: {length}" for name, length in lengths.items() if length > MOST_LINES] == []
