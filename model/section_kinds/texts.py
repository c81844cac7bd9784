"""Sections that consist of text: lists of names, texts by name, and levels by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from sys import intern

from model.encoding.earlier_names import FACTS, FACTS_IN_DIGESTS
from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.section_kinds.kind import END, Json, ListKind, MappingKind, Shown


class Names(ListKind[str]):
    """A list of names whose order matters."""

    def to_json(
        self,
        value: tuple[str, ...],
        *,
        with_evidence: bool,
    ) -> list[str]:
        """The names."""
        return list(value)

    def from_json(self, fields: list[str]) -> tuple[str, ...]:
        """The names."""
        return tuple(fields)

    def shown(self, value: tuple[str, ...]) -> Iterator[tuple[str, Shown]]:
        """The names."""
        yield "", value

    def digest(self, value: tuple[str, ...]) -> Iterable[str]:
        """The names."""
        return (*value, END)


class NamedTexts(MappingKind[str, str]):
    """A text for each name."""

    def to_json(
        self,
        value: Mapping[str, str],
        *,
        with_evidence: bool,
    ) -> Json:
        """An object keyed by name, sorted."""
        return dict(sorted(value.items()))

    def from_json(self, fields: Json) -> Mapping[str, str]:
        """The texts by name."""
        return dict(fields)

    def shown(self, value: Mapping[str, str]) -> Iterator[tuple[str, Shown]]:
        """The text of each name, sorted."""
        return ((f".{name}", text) for name, text in sorted(value.items()))

    def digest(self, value: Mapping[str, str]) -> Iterable[str]:
        """Name and text of each."""
        for name, text in sorted(value.items()):
            yield from (name, text)
        yield END

    def merged(
        self,
        newer: Mapping[str, str],
        older: Mapping[str, str],
        refused: Set[ProtocolVersion],
    ) -> Mapping[str, str]:
        """The last known text of each name."""
        return {**older, **newer}


class NamedLevels(MappingKind[str, Intrusiveness]):
    """The level that each name requires, of a single visit."""

    def to_json(
        self,
        value: Mapping[str, Intrusiveness],
        *,
        with_evidence: bool,
    ) -> Json:
        """An object keyed by name, sorted."""
        return {name: level.value for name, level in sorted(value.items())}

    def from_json(self, fields: Json) -> Mapping[str, Intrusiveness]:
        """The levels by name."""
        return {
            intern(FACTS.get(name, name)): Intrusiveness(level) for name, level in fields.items()
        }

    def shown(self, value: Mapping[str, Intrusiveness]) -> Iterator[tuple[str, Shown]]:
        """Nothing: it says what the visit was allowed to ask, not what the endpoint is like."""
        return iter(())

    def digest(self, value: Mapping[str, Intrusiveness]) -> Iterable[str]:
        """Name and level of each."""
        for name, level in sorted(value.items()):
            yield from (END, FACTS_IN_DIGESTS.get(name, name), level)

    def merged(
        self,
        newer: Mapping[str, Intrusiveness],
        older: Mapping[str, Intrusiveness],
        refused: Set[ProtocolVersion],
    ) -> Mapping[str, Intrusiveness]:
        """The newer visit's levels: those of an older visit do not apply to it."""
        return newer
