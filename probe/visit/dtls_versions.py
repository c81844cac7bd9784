"""Puts the facts of a datagram server under the DTLS version names.

DTLS 1.0 is asked about as TLS 1.1, and DTLS 1.2 as TLS 1.2, because they are based on these. An Observation
has them under their own names.
"""

from __future__ import annotations

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.sections import with_versions_renamed


def named_as_dtls(observation: Observation) -> Observation:
    """The same facts, each under its DTLS version."""
    return with_versions_renamed(observation, _over_datagrams)


def _over_datagrams(version: ProtocolVersion) -> ProtocolVersion:
    return version.over_datagrams or version
