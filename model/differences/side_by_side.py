"""The facts of two Observations next to each other: of two endpoints, or of one endpoint at two times.

Unlike ``differences``, it shows each fact that is known of one side only: unknown is not the same as no.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model.frozen import frozen
from model.observation import Observation
from model.section_kinds.kind import Shown
from model.sections import SECTIONS, Section


@frozen
class ComparedFact:
    """One fact on both sides, by its path in the Observation's JSON; None if a side does not have it."""

    fact: str
    first: Shown | None
    second: Shown | None

    @property
    def is_same(self) -> bool:
        """Whether both sides have the same value."""
        return self.first == self.second


def side_by_side(first: Observation, second: Observation) -> tuple[ComparedFact, ...]:
    """All facts of both, section by section; those that only ``second`` has are the last of their section."""
    state = ComparedFact(fact="state", first=first.state.value, second=second.state.value)
    return (state, *(one for section in SECTIONS for one in _of_section(section, first, second)))


def _of_section(
    section: Section[Any], first: Observation, second: Observation
) -> Iterator[ComparedFact]:
    of_first = dict(section.kind.shown(section.of(first)))
    of_second = dict(section.kind.shown(section.of(second)))
    for path in dict.fromkeys((*of_first, *of_second)):
        yield ComparedFact(
            fact=f"{section.name}{path}", first=of_first.get(path), second=of_second.get(path)
        )
