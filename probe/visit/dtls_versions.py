"""An Observation of a datagram server by the versions' own names.

DTLS 1.0 is asked about as TLS 1.1, and DTLS 1.2 as TLS 1.2, for that is what they are made of; in what
was observed they stand under their own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from model.observation import Observation
from model.protocol_version import ProtocolVersion

Found = TypeVar("Found")


def named_as_dtls(observation: Observation) -> Observation:
    """The same facts, each under the version of DTLS."""
    return replace(
        observation,
        protocols=_renamed(observation.protocols),
        cipher_suites=_renamed(observation.cipher_suites),
        groups=_renamed(observation.groups),
        client_auth=_renamed(observation.client_auth),
        signature_schemes=_renamed(observation.signature_schemes),
        dh=tuple(replace(one, versions=_names(one.versions)) for one in observation.dh),
        certificates=tuple(
            replace(one, versions=_names(one.versions)) for one in observation.certificates
        ),
    )


def _renamed(found: Mapping[ProtocolVersion, Found]) -> dict[ProtocolVersion, Found]:
    return dict(zip(_names(found), found.values(), strict=True))


def _names(versions: Iterable[ProtocolVersion]) -> tuple[ProtocolVersion, ...]:
    return tuple(version.over_datagrams or version for version in versions)
