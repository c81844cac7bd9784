"""The entries of a targets file: YAML nodes to Targets; each error has the line number.

All scalars are read as literal text, so that no version number or ``no`` is converted; only ``null`` means
that a value is not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import yaml

from discovery.targets import TargetError, parse_target
from model.target import Target

MOST_TARGETS: Final = 1_000_000
"""Per file, unless its setting ``max_targets`` overrides it."""

_OWN_KEYS: Final = ("target", "server_name", "protocol", "labels")
_FILE_SD_KEYS: Final = ("targets", "labels")
_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NULL_TAG: Final = "tag:yaml.org,2002:null"


class EntryError(Exception):
    """One invalid line: its number, what is wrong, and how to fix it."""

    def __init__(self, node: yaml.Node, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.line: int = node.start_mark.line + 1
        self.problem = problem
        self.fix = fix


def targets_of(root: yaml.Node | None, source: str, most: int = MOST_TARGETS) -> tuple[Target, ...]:
    """The targets under the file's root node, one for each key.

    A target that is listed twice has the labels of both; later labels override earlier ones.

    Raises:
        EntryError: for the first invalid entry.
    """
    found: dict[str, Target] = {}
    if root is None or root.tag == _NULL_TAG:
        return ()
    if not isinstance(root, yaml.SequenceNode):
        raise EntryError(root, "is not a list", "start each target with a dash")
    for entry in root.value:
        for target in _targets_of_entry(entry, source):
            if len(found) >= most and target.key not in found:
                fix = "raise max_targets under discovery (type: file), or split the file"
                raise EntryError(entry, f"holds more than {most} targets", fix)
            known = found.get(target.key)
            labels = {**(known.labels if known else {}), **target.labels}
            found[target.key] = replace(target, labels=labels)
    return tuple(found.values())


def _targets_of_entry(entry: yaml.Node, source: str) -> Iterator[Target]:
    if isinstance(entry, yaml.ScalarNode):
        yield _target(entry, source, {}, {})
        return
    if not isinstance(entry, yaml.MappingNode):
        raise EntryError(entry, "is a list inside a list", "use a target or a mapping")
    fields = _fields(entry)
    labels = _labels(fields["labels"]) if "labels" in fields else {}
    if "targets" in fields:
        _refuse_others(fields, _FILE_SD_KEYS)
        node = fields["targets"]
        if not isinstance(node, yaml.SequenceNode):
            raise EntryError(node, "'targets' is not a list", "start each target with a dash")
        for one in node.value:
            yield _target(one, source, {}, labels)
        return
    _refuse_others(fields, _OWN_KEYS)
    if "target" not in fields:
        raise EntryError(entry, "has no target", "add `target: host:port`")
    yield _target(fields["target"], source, fields, labels)


def _target(
    node: yaml.Node, source: str, fields: Mapping[str, yaml.Node], labels: Mapping[str, str]
) -> Target:
    text = _scalar(node)
    if text is None:
        raise EntryError(node, "an empty target", "use host:port")
    chosen: dict[str, str] = {}
    if "server_name" in fields:
        chosen["server_name"] = _scalar(fields["server_name"]) or ""
    if "protocol" in fields:
        chosen["protocol"] = _scalar(fields["protocol"]) or ""
    try:
        return parse_target(text, **chosen, labels=labels, source=source)
    except TargetError as error:
        raise EntryError(node, error.problem, error.fix) from error


def _fields(entry: yaml.MappingNode) -> dict[str, yaml.Node]:
    fields: dict[str, yaml.Node] = {}
    for key, value in entry.value:
        name = _scalar(key)
        if name is None or name in fields:
            raise EntryError(key, f"the key {name!r} is empty or duplicated", "remove one")
        fields[name] = value
    return fields


def _refuse_others(fields: Mapping[str, yaml.Node], known: tuple[str, ...]) -> None:
    for name, node in fields.items():
        if name not in known:
            raise EntryError(node, f"unknown key {name!r}", f"use {', '.join(known)}")


def _labels(node: yaml.Node) -> dict[str, str]:
    """The labels; those with two leading underscores exist only during relabelling."""
    if not isinstance(node, yaml.MappingNode):
        raise EntryError(node, "'labels' is not a mapping", "use `labels: {name: value}`")
    labels = {}
    for name, value in _fields(node).items():
        if not _LABEL_NAME.fullmatch(name):
            raise EntryError(
                value, f"{name!r} is not a valid label name", "use letters, digits and _"
            )
        labels[name] = _scalar(value) or ""
    return labels


def _scalar(node: yaml.Node) -> str | None:
    """The node's text; None for null."""
    if not isinstance(node, yaml.ScalarNode):
        raise EntryError(node, "a list or a mapping instead of text", "use plain text")
    if node.tag == _NULL_TAG:
        return None
    return str(node.value)
