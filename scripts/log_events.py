"""Writes docs/reference/log-events.md from the calls that log: ``python -m scripts.log_events``.

An event is a fixed phrase; its level and the names of its fields are those of the calls that log it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tlsprobe.own_packages import PACKAGES

ROOT: Final = Path(__file__).parents[1]
LEVELS: Final = ("debug", "info", "warning", "error", "critical", "exception")
_LOGGERS: Final = frozenset({"_LOG", "log"})
_NOT_FIELDS: Final = frozenset({"extra", "exc_info"})

_INTRODUCTION: Final = """\
# Log events

This page is written from the code by `make docs`. The service writes one line for each event to standard error: JSON, or text on
a terminal (`log_format`). `event` is one of the phrases below and never changes with the values: count and alert by it. Further
keys are `level`, `logger` and `timestamp` (UTC), and the fields of the event; a field may be missing. `exception` has the stack
trace of an event with the level `error` that a fault of tlsprobe caused.

Secrets are masked in every value. Libraries below tlsprobe write events of their own, with the name of their `logger`.

| event | level | fields | written by |
|---|---|---|---|
"""


@dataclass(slots=True)
class _Event:
    """The levels, fields and folders of all calls that log one phrase."""

    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)


def logging_calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call that logs, with its file."""
    for room in PACKAGES:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _logs(node.func):
                    yield path.relative_to(ROOT), node


def _logs(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "log"
    return (
        isinstance(called, ast.Attribute)
        and called.attr in LEVELS
        and isinstance(called.value, ast.Name)
        and called.value.id in _LOGGERS
    )


def _events() -> dict[str, _Event]:
    events: dict[str, _Event] = {}
    for path, call in logging_calls():
        phrase = call.args[0]
        if not (isinstance(phrase, ast.Constant) and isinstance(phrase.value, str)):
            raise LookupError(f"{path}:{call.lineno} logs no fixed phrase")
        event = events.setdefault(phrase.value, _Event())
        event.levels |= _levels(call.func)
        event.fields |= set(_fields(call))
        event.folders.add("/".join(path.parts[:-1]))
    return events


def _levels(called: ast.expr) -> set[str]:
    if isinstance(called, ast.Attribute):
        return {"error" if called.attr == "exception" else called.attr}
    # A call of ``log`` chooses between these two.
    return {"info", "warning"}


def _fields(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            keys = (key for key in keyword.value.keys if isinstance(key, ast.Constant))
            yield from (str(key.value) for key in keys)
        elif keyword.arg is not None and keyword.arg not in _NOT_FIELDS:
            yield keyword.arg


def page() -> str:
    """The page as Markdown, its events in alphabetical order."""
    rows = [
        f"| {phrase} | {', '.join(sorted(one.levels, key=LEVELS.index))} | "
        f"{', '.join(f'`{name}`' for name in sorted(one.fields))} | "
        f"{', '.join(f'`{folder}`' for folder in sorted(one.folders))} |\n"
        for phrase, one in sorted(_events().items())
    ]
    return _INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
