"""What is known of endpoints, of which equal parts are one object: what one shows, others show too.

Each visit brings objects of its own. What is equal to what another brought not long ago is put in the
place of it, section by section, and where a section is new fact by fact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from model.caching.size_bounded_cache import SizeBoundedCache
from model.findings.finding import Finding
from model.observation import Observation
from model.section_kinds.kind import PartSharer
from model.sections import SECTIONS

_ROOM: Final = 16 * 2**20
"""In bytes: of a few hundred configurations, or of as many visits that nothing was like."""
_MAPPING: Final = "mapping"
"""Begins the key of a mapping, which is none of a part."""

Part = TypeVar("Part", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found", bound=Hashable)


class SharedParts(PartSharer):
    """Knows parts of twice ``room`` bytes at most: those that were seen not long ago."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = SizeBoundedCache(room)

    @property
    def held_bytes(self) -> int:
        """What the parts take that it knows."""
        return self._recent.held_bytes

    def shared_by(self, observation: Observation) -> Observation:
        """The same, made of parts that others have too. It should be without evidence, which none share."""
        facts = {
            section.name: section.kind.shared(section.of(observation), self) for section in SECTIONS
        }
        return replace(observation, **facts)

    def finding(self, finding: Finding) -> Finding:
        """The same, with the result that others have too; its proof should be gone."""
        return replace(finding, result=self.part(finding.result))

    def mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        """The same, made of parts that others have too."""
        return self._recent.of((_MAPPING, *mapping.items()), self._new_mapping, mapping)

    def part(self, part: Part) -> Part:
        """The object that is equal to ``part``."""
        shared: Part = self._recent.of(part, _same, part)
        return shared

    def assembled(self, part: Part, assemble: Callable[[Part], Part]) -> Part:
        """The object that is equal to ``part``; where it is new, what ``assemble`` makes of shared parts."""
        return self._recent.of(part, assemble, part)

    def _new_mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        return {name: self.part(found) for name, found in mapping.items()}


def _same(part: Part) -> Part:
    return part
