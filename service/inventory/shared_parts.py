"""What is known of endpoints, of which equal parts are one object: what one shows, others show too.

Each visit brings objects of its own. What is equal to what another brought not long ago is put in the
place of it, section by section, and where a section is new fact by fact.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from model.caching.size_bounded_cache import SizeBoundedCache
from model.certificates.certificate import ServedChain
from model.findings.finding import Finding
from model.observation import Observation

_ROOM: Final = 16 * 2**20
"""In bytes: of a few hundred configurations, or of as many visits that nothing was like."""
_MAPPING: Final = "mapping"
"""Begins the key of a mapping, which is none of a part."""

Part = TypeVar("Part", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found", bound=Hashable)


class SharedParts:
    """Knows parts of twice ``room`` bytes at most: those that were seen not long ago."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = SizeBoundedCache(room)

    @property
    def held_bytes(self) -> int:
        """What the parts take that it knows."""
        return self._recent.held_bytes

    def shared_by(self, observation: Observation) -> Observation:
        """The same, made of parts that others have too. It should be without evidence, which none share."""
        return replace(
            observation,
            protocols=self.mapping(observation.protocols),
            cipher_suites=self.mapping(observation.cipher_suites),
            groups=self.mapping(observation.groups),
            certificates=tuple(map(self._deployment, observation.certificates)),
            client_auth=self.mapping(observation.client_auth),
            dh=self._part(observation.dh),
            signature_schemes=self.mapping(observation.signature_schemes),
            alpn=self._part(observation.alpn),
            features=self.mapping(observation.features),
            vulnerabilities=self.mapping(observation.vulnerabilities),
            plaintext=self.mapping(observation.plaintext),
            http=self.mapping(observation.http),
            fingerprints=self.mapping(observation.fingerprints),
        )

    def finding(self, finding: Finding) -> Finding:
        """The same, with the result that others have too; its proof should be gone."""
        return replace(finding, result=self._part(finding.result))

    def mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        """The same, made of parts that others have too."""
        return self._recent.of((_MAPPING, *mapping.items()), self._new_mapping, mapping)

    def _deployment(self, deployment: ServedChain) -> ServedChain:
        return self._recent.of(deployment, self._new_deployment, deployment)

    def _new_deployment(self, deployment: ServedChain) -> ServedChain:
        return replace(
            deployment,
            chain=tuple(map(self._part, deployment.chain)),
            problems=self._part(deployment.problems),
            trust=self.mapping(deployment.trust),
            scts=tuple(map(self._part, deployment.scts)),
            transparency=self.mapping(deployment.transparency),
            dns=self.mapping(deployment.dns),
        )

    def _new_mapping(self, mapping: Mapping[Name, Found]) -> Mapping[Name, Found]:
        return {name: self._part(found) for name, found in mapping.items()}

    def _part(self, part: Part) -> Part:
        shared: Part = self._recent.of(part, lambda: part)
        return shared
