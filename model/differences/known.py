"""What is known about an endpoint: the newest facts, and older ones that newer visits could not determine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.observation import NOT_ASKED, Observation
from model.sections import SECTIONS
from model.verdict import Verdict


def known_facts(newest_first: Sequence[Observation]) -> Observation:
    """One Observation with the last known value of every fact.

    Its state is the newest one that was not an internal error. ``newest_first`` holds at least one Observation,
    all of the same endpoint.
    """
    known = newest_first[0]
    for older in newest_first[1:]:
        known = _with_older(known, older)
    return known


def is_wholly_known(observation: Observation) -> bool:
    """Whether nothing older could add to it: the endpoint answered, and no verdict is unknown."""
    return observation.answered and all(
        section.kind.is_settled(section.of(observation)) for section in SECTIONS
    )


def _with_older(newer: Observation, older: Observation) -> Observation:
    verdicts = {version: fact.verdict for version, fact in older.protocols.items()} | {
        version: fact.verdict
        for version, fact in newer.protocols.items()
        if fact.verdict is not Verdict.UNKNOWN
    }
    refused = {version for version, verdict in verdicts.items() if verdict is Verdict.NO}
    facts = {
        section.name: section.kind.merged(section.of(newer), section.of(older), refused)
        for section in SECTIONS
    }
    state = older.state if newer.state in NOT_ASKED else newer.state
    return replace(newer, state=state, **facts)
