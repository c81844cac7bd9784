"""Reads a YAML mapping and remembers the line of every key, so that errors can point at it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from model.frozen import frozen

# The parser in C, where PyYAML has it: a tenth of the processor time.
_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 64
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_ENDS: Final = "<(?:stream end|block end|document (?:start|end))>"
_QUOTED: Final = re.compile(rf"'(?!{_ENDS}')[^']{{3,}}'")
KeyPath: TypeAlias = tuple[str | int, ...]


class ConfigError(ValueError):
    """The configuration cannot be used; the message is one sentence with the place and how to fix it."""


@frozen
class YamlFile:
    """A mapping's values, and the line (from 1) of each key or list entry by its path."""

    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]


def read_yaml_mapping(path: Path) -> YamlFile:
    """The mapping in the file ``path``; an empty file is an empty mapping.

    Raises:
        ConfigError: if the file cannot be read, is not valid YAML, is not a mapping, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}): use a file that exists and that this "
            "user can read"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from error
    try:
        root = _compose(text)
        if root is None:
            return YamlFile(values={}, lines={})
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError(
                f"{path}, line 1: must be a mapping: write each entry as `key: value`"
            )
        # In this order: a value's construction changes its nodes.
        lines = _LineFinder(path).find(root)
        values = _Constructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        # The parser in C counts the end of the text as a line.
        line = min(error.problem_mark.line, text.count("\n")) + 1 if error.problem_mark else 1
        raise ConfigError(
            f"{path}, line {line}: is not valid YAML, {_problem(error)}: correct it"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path}: contains a character that YAML forbids: remove control characters"
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply: remove levels") from error
    return YamlFile(values=values, lines=lines)


def _compose(text: str) -> yaml.Node | None:
    """The root of the nodes. Deep nesting would cost the parser in C gigabytes, so it is refused before."""
    depth = 0
    for event in yaml.parse(text, Loader=_PARSER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError
    return yaml.compose(text, Loader=_PARSER)


class _Constructor(yaml.constructor.SafeConstructor):
    """Makes values of nodes; an impossible date or number is an error with its line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of ``node``."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(
                problem="a date or number that does not exist", problem_mark=node.start_mark
            ) from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    """The error without the content of the file: an unquoted password may look like an alias or a tag."""
    return _QUOTED.sub("'***'", error.problem or "it ends too early")


class _LineFinder:
    """Visits each node of a file once: an alias, which may be its own parent, adds no lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[KeyPath, int] = {}
        self._seen: set[int] = set()

    def find(self, root: yaml.Node) -> Mapping[KeyPath, int]:
        self._walk(root, ())
        return self._lines

    def _walk(self, node: yaml.Node, prefix: KeyPath) -> None:
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*prefix, self._check_key(key, prefix))
                self._lines[place] = key.start_mark.line + 1
                self._walk(value, place)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._lines[*prefix, index] = value.start_mark.line + 1
                self._walk(value, (*prefix, index))

    def _check_key(self, key: yaml.Node, prefix: KeyPath) -> str:
        where = f"{self._path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{where}: a key must be text, not a list or a mapping")
        if key.tag != _TEXT_TAG:
            raise ConfigError(f"{where}: the key {key.value!r} must be text: quote it")
        name = str(key.value)
        if first := self._lines.get((*prefix, name)):
            raise ConfigError(f"{where}: {name!r} is already in line {first}: remove one")
        return name
