"""An Observation of a datagram server by the versions' own names.

DTLS 1.0 is asked about as TLS 1.1, and DTLS 1.2 as TLS 1.2, for that is what they are made of; in what
was observed they stand under their own names.
"""

from __future__ import annotations

from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.sections import with_versions_renamed


def named_as_dtls(observation: Observation) -> Observation:
    """The same facts, each under the version of DTLS."""
    return with_versions_renamed(observation, _over_datagrams)


def _over_datagrams(version: ProtocolVersion) -> ProtocolVersion:
    return version.over_datagrams or version
