"""The entries of a targets file: YAML nodes to Targets; each error has the line number.

All scalars are read as literal text, so that no version number or ``no`` is converted; only ``null`` means
that a value is not set. An invalid entry is skipped; of a list of targets that share labels, only the invalid one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from discovery.source import NamedMailDomain, Skipped, SourceReading
from discovery.targets import MAIL_DOMAIN, TargetError, parse_mail_domain, parse_target
from model.target import Target
from model.target_labels import label_problem

MOST_TARGETS: Final = 1_000_000
"""Per file, unless its setting ``max_targets`` overrides it."""

_OWN_KEYS: Final = ("target", "server_name", "protocol", "labels")
_FILE_SD_KEYS: Final = ("targets", "labels")
_NULL_TAG: Final = "tag:yaml.org,2002:null"

Fields: TypeAlias = Mapping[str, yaml.Node]


class EntryError(Exception):
    """One invalid line: its number, what is wrong, and how to fix it.

    ``address`` is the text of a target that cannot be parsed; else it is empty.
    """

    def __init__(self, node: yaml.Node, problem: str, fix: str, address: str = "") -> None:
        super().__init__(problem)
        self.line: int = node.start_mark.line + 1
        self.problem = problem
        self.fix = fix
        self.address = address


class _Entries:
    """Collects the targets of one file, and what is skipped."""

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._source = f"file:{path}"
        self._most = most
        self._found: dict[str, Target] = {}
        self._domains: dict[str, NamedMailDomain] = {}
        self._skipped: list[Skipped] = []

    @property
    def reading(self) -> SourceReading:
        return SourceReading(
            targets=tuple(self._found.values()),
            skipped=tuple(self._skipped),
            mail_domains=tuple(self._domains.values()),
        )

    def read(self, entry: yaml.Node) -> None:
        """Add the targets of ``entry``, or skip it."""
        try:
            for node, fields, labels in _parts(entry):
                self._add(node, fields, labels)
            self._note_labels(entry)
        except EntryError as error:
            self._skip(error, {})
        if max(len(self._found) + len(self._domains), len(self._skipped)) > self._most:
            fix = "list it under discovery (type: file) with a larger discovery[].max_targets, or split it"
            raise EntryError(entry, f"holds more than {self._most} targets", fix)

    def _add(self, node: yaml.Node, fields: Fields, labels: Mapping[str, str]) -> None:
        try:
            if (domain := _mail_domain(node, fields)) is not None:
                self._add_domain(domain, node, labels)
                return
            target = _target(node, self._source, fields, labels)
        except EntryError as error:
            self._skip(error, labels)
            return
        known = self._found.get(target.key)
        both = {**(known.labels if known else {}), **target.labels}
        self._found[target.key] = replace(target, labels=both)

    def _add_domain(self, domain: str, node: yaml.Node, labels: Mapping[str, str]) -> None:
        known = self._domains.get(domain)
        self._domains[domain] = NamedMailDomain(
            domain=domain,
            labels={**(known.labels if known else {}), **labels},
            place=f"{self._path}, line {node.start_mark.line + 1}",
        )

    def _note_labels(self, entry: yaml.Node) -> None:
        """Report the labels of a valid ``entry`` that have no effect; its targets stay."""
        fields = _fields(entry) if isinstance(entry, yaml.MappingNode) else {}
        labels = fields.get("labels")
        if not isinstance(labels, yaml.MappingNode):
            return
        for name, node in _fields(labels).items():
            problem = label_problem(name, _scalar(node) or "")
            if problem is not None:
                line = node.start_mark.line + 1
                self._skipped.append(Skipped(place=f"{self._path}, line {line}", problem=problem))

    def _skip(self, error: EntryError, labels: Mapping[str, str]) -> None:
        self._skipped.append(
            Skipped(
                place=f"{self._path}, line {error.line}",
                problem=f"{error.problem}: {error.fix}",
                address=error.address,
                labels=labels,
            )
        )


def read_entries(root: yaml.Node | None, path: Path, most: int = MOST_TARGETS) -> SourceReading:
    """The targets under the root node of the file ``path``, one for each key.

    A target that is listed twice has the labels of both; later labels override earlier ones.

    Raises:
        EntryError: if the root is not a list, or there are more than ``most`` targets.
    """
    entries = _Entries(path, most)
    if root is None or root.tag == _NULL_TAG:
        return entries.reading
    if not isinstance(root, yaml.SequenceNode):
        raise EntryError(root, "is not a list", "start each target with a dash")
    for entry in root.value:
        entries.read(entry)
    return entries.reading


def _parts(entry: yaml.Node) -> Iterator[tuple[yaml.Node, Fields, Mapping[str, str]]]:
    """The node of each target in an entry, with the fields and the labels that apply to it."""
    if isinstance(entry, yaml.ScalarNode):
        yield entry, {}, {}
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
            yield one, {}, labels
        return
    _refuse_others(fields, _OWN_KEYS)
    if "target" not in fields:
        raise EntryError(entry, "has no target", "add `target: host:port`")
    yield fields["target"], fields, labels


def _mail_domain(node: yaml.Node, fields: Fields) -> str | None:
    """The mail domain that the entry names; None if it names a target."""
    text = _scalar(node)
    if not text or not text.startswith(MAIL_DOMAIN):
        return None
    for name in ("server_name", "protocol"):
        if name in fields:
            raise EntryError(fields[name], f"a mail domain has no {name}", "remove it")
    try:
        return parse_mail_domain(text)
    except TargetError as error:
        raise EntryError(node, error.problem, error.fix, address=text) from error


def _target(node: yaml.Node, source: str, fields: Fields, labels: Mapping[str, str]) -> Target:
    text = _scalar(node)
    if not text:
        raise EntryError(node, "an empty target", "use host:port")
    chosen: dict[str, str] = {}
    if "server_name" in fields:
        chosen["server_name"] = _scalar(fields["server_name"]) or ""
    if "protocol" in fields:
        chosen["protocol"] = _scalar(fields["protocol"]) or ""
    try:
        return parse_target(text, **chosen, labels=labels, source=source)
    except TargetError as error:
        raise EntryError(node, error.problem, error.fix, address=text) from error


def _fields(entry: yaml.MappingNode) -> Fields:
    fields: dict[str, yaml.Node] = {}
    for key, value in entry.value:
        name = _scalar(key)
        if not name or name in fields:
            raise EntryError(key, f"the key {name!r} is empty or duplicated", "remove one")
        fields[name] = value
    return fields


def _refuse_others(fields: Fields, known: tuple[str, ...]) -> None:
    for name, node in fields.items():
        if name not in known:
            raise EntryError(node, f"unknown key {name!r}", f"use {', '.join(known)}")


def _labels(node: yaml.Node) -> dict[str, str]:
    """The labels, named by any text as in Prometheus 3; those with two leading underscores are only for rules."""
    if not isinstance(node, yaml.MappingNode):
        raise EntryError(node, "'labels' is not a mapping", "use `labels: {name: value}`")
    return {name: _scalar(value) or "" for name, value in _fields(node).items()}


def _scalar(node: yaml.Node) -> str | None:
    """The node's text; None for null."""
    if not isinstance(node, yaml.ScalarNode):
        raise EntryError(node, "a list or a mapping instead of text", "use plain text")
    if node.tag == _NULL_TAG:
        return None
    return str(node.value)
