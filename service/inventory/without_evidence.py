"""What the service holds in memory of an Observation: the facts, without the bytes that prove them."""

from __future__ import annotations

from dataclasses import replace

from model.observation import Observation
from model.sections import SECTIONS


def without_evidence(observation: Observation) -> Observation:
    """The same facts without the bytes that prove them, which are in the Store.

    The bytes are many times larger than the facts, and no exporter shows them. Facts without evidence remain the
    same objects, so endpoints that share them still do.
    """
    facts = {
        section.name: section.kind.without_evidence(section.of(observation)) for section in SECTIONS
    }
    return replace(observation, **facts)
