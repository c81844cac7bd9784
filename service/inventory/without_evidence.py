"""What the service keeps in memory of an Observation: the facts, without the bytes that prove them.

What has no proof stays the object that it is, so that what endpoints share they share here too.
"""

from __future__ import annotations

from dataclasses import replace

from model.observation import Observation
from model.sections import SECTIONS


def without_evidence(observation: Observation) -> Observation:
    """The same facts without the bytes that prove them, which the Store keeps.

    They are many times the size of the facts, and no exporter shows them.
    """
    facts = {
        section.name: section.kind.without_evidence(section.of(observation)) for section in SECTIONS
    }
    return replace(observation, **facts)
