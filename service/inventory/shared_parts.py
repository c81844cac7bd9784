"""Shares equal parts of endpoint statuses: parts that are equal become one object.

Each visit creates new objects. An object that equals a recent one is replaced by it, section by section, and
fact by fact if the section is new.
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
"""In bytes: enough for a few hundred configurations, or as many visits with unique results."""
_MAPPING: Final = "mapping"
"""The start of a mapping's key; no key of a part starts like this."""

Part = TypeVar("Part", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found", bound=Hashable)


class SharedParts(PartSharer):
    """Holds recently seen parts, at most twice ``room`` bytes of them."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = SizeBoundedCache(room)

    @property
    def held_bytes(self) -> int:
        """The size of the parts that it holds."""
        return self._recent.held_bytes

    def shared_by(self, observation: Observation) -> Observation:
        """The same Observation, built from shared parts. It should be without evidence, which is never equal."""
        facts = {
            section.name: section.kind.shared(section.of(observation), self) for section in SECTIONS
        }
        return replace(observation, **facts)

    def finding(self, finding: Finding, endpoint_key: str) -> Finding:
        """The same Finding with a shared result, and its endpoint's key as the object that the caller holds.

        Its evidence should have been removed.
        """
        return replace(finding, result=self.part(finding.result), endpoint_key=endpoint_key)

    def mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        """The same mapping, built from shared parts."""
        return self._recent.of((_MAPPING, *mapping.items()), self._new_mapping, mapping)

    def part(self, part: Part) -> Part:
        """The shared object that equals ``part``."""
        shared: Part = self._recent.of(part, _same, part)
        return shared

    def assembled(self, part: Part, assemble: Callable[[Part], Part]) -> Part:
        """The shared object that equals ``part``; if there is none, the one that ``assemble`` builds."""
        return self._recent.of(part, assemble, part)

    def _new_mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        return {name: self.part(found) for name, found in mapping.items()}


def _same(part: Part) -> Part:
    return part
