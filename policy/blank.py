"""Imaginary endpoints with only the facts that a question needs, for asking rules about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from model.observation import AcceptedSet, Cost, Mode, Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Fact, Preference, Verdict
from model.version import TOOL_VERSION
from policy.rule import Subject

_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ENDPOINT: Final = Endpoint(
    target=Target(host="nowhere.invalid", port=443, server_name="nowhere.invalid"), address=None
)


def imagined(
    protocols: dict[ProtocolVersion, Fact],
    cipher_suites: dict[ProtocolVersion, AcceptedSet],
    groups: dict[ProtocolVersion, AcceptedSet],
) -> Subject:
    """An endpoint that has the given facts and no others."""
    observation = Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=_ENDPOINT,
        started_at=_AT,
        cost=Cost(),
        state=State.TLS,
        protocols=protocols,
        cipher_suites=cipher_suites,
        groups=groups,
    )
    return Subject(observation=observation, at=_AT)


def speaking_only(version: ProtocolVersion) -> dict[ProtocolVersion, Fact]:
    """Facts that prove this version and refute all others."""
    return {
        one: Fact(verdict=Verdict.YES if one is version else Verdict.NO) for one in STREAM_VERSIONS
    }


def accepting_only(name: str) -> AcceptedSet:
    """One accepted name, and the proof that there is no other."""
    return AcceptedSet(accepted=(name,), complete=True, preference=Preference.CLIENT)


BLANK: Final = imagined({}, {}, {})
