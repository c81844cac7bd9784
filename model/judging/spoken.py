"""The versions that an endpoint speaks, and what is not proved about them and their cipher suites.

It needs no rule and no parameters, so that a grade can be computed without the libraries that policies need.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suite_by_name
from model.verdict import Verdict

_WITHOUT_CERTIFICATE: Final = frozenset({"anon", "NULL", "PSK", "SRP"})


def spoken(observation: Observation) -> list[ProtocolVersion]:
    """The versions that the endpoint is proved to speak, oldest first."""
    return sorted(
        version for version, fact in observation.protocols.items() if fact.verdict is Verdict.YES
    )


def unsettled(observation: Observation) -> list[ProtocolVersion]:
    """The versions for which it is unknown whether the endpoint speaks them."""
    protocols = observation.protocols
    return [
        version
        for version in STREAM_VERSIONS
        if (fact := protocols.get(version)) is None or fact.verdict is Verdict.UNKNOWN
    ]


def has_no_certificates(observation: Observation) -> bool:
    """Whether it is proved that no accepted suite uses a server certificate."""
    if unsettled(observation):
        return False
    for version in spoken(observation):
        found = observation.cipher_suites.get(version)
        if found is None or not found.complete or version is ProtocolVersion.TLSV1_3:
            return False
        for name in found.accepted:
            suite = cipher_suite_by_name(name)
            if suite is None or suite.authentication not in _WITHOUT_CERTIFICATE:
                return False
    return True


def suite_gaps(
    observation: Observation, versions: Iterable[ProtocolVersion] = STREAM_VERSIONS
) -> list[str]:
    """What is not proved about the suites of ``versions``."""
    return [gap for version in versions if (gap := suite_gap(observation, version)) is not None]


def suite_gap(observation: Observation, version: ProtocolVersion) -> str | None:
    """What is not proved about the suites of one version; None if all is."""
    fact = observation.protocols.get(version)
    if fact is None or fact.verdict is Verdict.UNKNOWN:
        return f"whether {version.display_name} is offered"
    if fact.verdict is Verdict.NO:
        return None
    found = observation.cipher_suites.get(version)
    is_whole = found is not None and found.complete
    return None if is_whole else f"every cipher suite of {version.display_name}"
