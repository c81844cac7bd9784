"""Whether a visit meets the expectations of a module; an unknown result does not meet an assertion."""

from __future__ import annotations

from model.judging.trust import endpoint_trust
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from service.config.modules.module import Expectations


def holds(expect: Expectations, observation: Observation, *, verifies: bool) -> bool:
    """Whether a visit meets the expectations of one of tlsprobe's own modules."""
    if not observation.answered:
        return False
    return (
        not (expect.trusted and verifies and not _is_trusted(observation))
        and all(_refuses(observation, label) for label in expect.refused_versions)
        and _asks_for_certificates(observation, expect)
    )


def _is_trusted(observation: Observation) -> bool:
    trust = endpoint_trust(observation)
    return trust is not None and trust.verdict is Verdict.YES


def _refuses(observation: Observation, label: str) -> bool:
    fact = observation.protocols.get(ProtocolVersion.from_label(label))
    return fact is not None and fact.verdict is Verdict.NO


def _asks_for_certificates(observation: Observation, expect: Expectations) -> bool:
    if expect.client_auth is None:
        return True
    found = observation.client_auth.values()
    return bool(found) and all(one.mode is expect.client_auth for one in found)
