"""Endpoints over datagrams are judged by the TLS versions on which their DTLS versions are based (RFC 6347).

DTLS 1.0 is based on TLS 1.1 and DTLS 1.2 on TLS 1.2. The older versions do not exist over datagrams, and DTLS
1.3 is not probed. Policies therefore need no names for DTLS; results use the DTLS names.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.claims.held import HeldClaim
from model.findings.finding import RuleResult
from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.sections import with_versions_renamed
from model.verdict import Evidence, Fact, Verdict

_NAMES: Final = {
    over.display_name: version.display_name
    for version in STREAM_VERSIONS
    if (over := version.over_datagrams) is not None
}
_STREAM: Final = {
    over: version for version in STREAM_VERSIONS if (over := version.over_datagrams) is not None
}
_MISSING: Final = Fact(
    verdict=Verdict.NO, evidence=Evidence(note="this version does not exist over datagrams")
)
_NOT_ASKED: Final = Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note="DTLS 1.3 is not probed"))


def is_over_datagrams(observation: Observation) -> bool:
    """Whether the endpoint speaks DTLS."""
    return not observation.protocols.keys().isdisjoint(_STREAM)


def as_stream(observation: Observation) -> Observation:
    """The same facts, each under its TLS version."""
    known_absent = {
        version: _NOT_ASKED if version is ProtocolVersion.TLSV1_3 else _MISSING
        for version in STREAM_VERSIONS
    }
    renamed = with_versions_renamed(observation, _over_streams)
    return replace(renamed, protocols=known_absent | dict(renamed.protocols))


def named_as_dtls(result: RuleResult) -> RuleResult:
    """The result with the version names of its endpoint."""
    return replace(
        result,
        violation=_with_names(result.violation),
        observed=_with_names(result.observed),
        required=_with_names(result.required),
    )


def named_in_claim(held: HeldClaim) -> HeldClaim:
    """The claim with what was seen in the version names of its endpoint."""
    return replace(held, observed=_with_names(held.observed))


def _over_streams(version: ProtocolVersion) -> ProtocolVersion:
    return _STREAM.get(version, version)


def _with_names(text: str) -> str:
    for dtls, tls in _NAMES.items():
        text = text.replace(tls, dtls)
    return text
