"""Which modules of a file tlsprobe can use: of its own configuration, blackbox.yml or ssl_exporter.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from model.frozen import frozen
from policy.files.yaml_file import ConfigError, KeyPath, read_yaml_mapping
from service.config.load import MODULES, problems_at
from service.config.modules.module import ModuleSettings


@frozen
class CheckedModule:
    """One module: the names that it emits, or the sentences that say why it cannot be used, each with its line."""

    name: str
    emits: tuple[str, ...]
    problems: tuple[str, ...]


def check_modules(file: Path) -> tuple[CheckedModule, ...]:
    """Every module of ``file``, in its order.

    Raises:
        ConfigError: if the file cannot be read, or has no modules.
    """
    content = read_yaml_mapping(file)
    place = MODULES if MODULES[0] in content.values else MODULES[1:]
    modules: Any = content.values
    for key in place:
        modules = modules.get(key) if isinstance(modules, Mapping) else None
    if not isinstance(modules, Mapping) or not modules:
        raise ConfigError(
            f"{file}: has no modules: use a file with `modules`, or with `on_demand.modules`"
        )
    return tuple(_checked(name, one, place, content.lines) for name, one in modules.items())


def _checked(name: str, module: Any, place: KeyPath, lines: Mapping[KeyPath, int]) -> CheckedModule:
    try:
        settings = ModuleSettings.model_validate(module)
    except ValidationError as error:
        problems = problems_at((*MODULES, name), error)
        there = [(_line((*place, *path[len(MODULES) :]), lines), text) for path, text in problems]
        sentences = tuple(f"line {line}: {text}" for line, text in there)
        return CheckedModule(name=name, emits=(), problems=sentences)
    return CheckedModule(name=name, emits=tuple(one.value for one in settings.emit), problems=())


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of the innermost key of ``path`` that the file has."""
    found = (lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines)
    return next(found, 1)
