"""What the service holds in memory of an Observation: the facts, without the bytes that prove them.

Facts without evidence remain the same objects, so endpoints that share them still do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from model.observation import Observation
from model.sections import SECTIONS, Section

_MOST_PARTS: Final = 10_000


def without_evidence(observation: Observation) -> Observation:
    """The same facts without the bytes that prove them, which are in the Store.

    The bytes are many times larger than the facts, and no exporter shows them.
    """
    return WithoutEvidence().of(observation)


class WithoutEvidence:
    """``without_evidence`` for many Observations: a section that several of them share is examined once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[Any, Any]] = {}

    def of(self, observation: Observation) -> Observation:
        """The same facts without the bytes that prove them."""
        if len(self._known) > _MOST_PARTS:
            self._known.clear()
        facts = {section.name: self._bare(section, section.of(observation)) for section in SECTIONS}
        return replace(observation, **facts)

    def _bare(self, section: Section[Any], value: Any) -> Any:
        # The entry keeps the value alive, so no other object can get its identity.
        known = self._known.get((section.name, id(value)))
        if known is None:
            known = value, section.kind.without_evidence(value)
            self._known[section.name, id(value)] = known
        return known[1]
