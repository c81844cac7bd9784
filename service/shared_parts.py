"""Observations of which equal parts are one object: most of what endpoints say, others say too.

Each visit brings objects of its own. What is equal to what another brought not long ago is put in the
place of it, section by section, and where a section is new fact by fact.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from model.certificate import Deployment
from model.observation import Observation
from model.recent import Recent

_ROOM: Final = 4096
"""In parts: of a few hundred configurations, or of as many visits that nothing was like."""
_SECTION: Final = "section"
"""Begins the key of a mapping, which is none of a part."""

Part = TypeVar("Part", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found", bound=Hashable)


class SharedParts:
    """Knows twice ``room`` parts at most: those that were seen not long ago."""

    def __init__(self, room: int = _ROOM) -> None:
        self._recent = Recent(room)

    def shared_by(self, observation: Observation) -> Observation:
        """The same, made of parts that others have too. It should be without evidence, which none share."""
        return replace(
            observation,
            protocols=self._section(observation.protocols),
            cipher_suites=self._section(observation.cipher_suites),
            groups=self._section(observation.groups),
            certificates=tuple(map(self._deployment, observation.certificates)),
            client_auth=self._section(observation.client_auth),
            dh=self._part(observation.dh),
            signature_schemes=self._section(observation.signature_schemes),
            alpn=self._part(observation.alpn),
            features=self._section(observation.features),
            vulnerabilities=self._section(observation.vulnerabilities),
            plaintext=self._section(observation.plaintext),
            http=self._section(observation.http),
            fingerprints=self._section(observation.fingerprints),
        )

    def _deployment(self, deployment: Deployment) -> Deployment:
        return self._recent.of(deployment, 1, self._new_deployment, deployment)

    def _new_deployment(self, deployment: Deployment) -> Deployment:
        return replace(
            deployment,
            chain=tuple(map(self._part, deployment.chain)),
            problems=self._part(deployment.problems),
            trust=self._section(deployment.trust),
            scts=tuple(map(self._part, deployment.scts)),
            transparency=self._section(deployment.transparency),
            dns=self._section(deployment.dns),
        )

    def _section(self, section: Mapping[Name, Found]) -> Mapping[Name, Found]:
        return self._recent.of((_SECTION, *section.items()), 1, self._new_section, section)

    def _new_section(self, section: Mapping[Name, Found]) -> Mapping[Name, Found]:
        return {name: self._part(found) for name, found in section.items()}

    def _part(self, part: Part) -> Part:
        shared: Part = self._recent.of(part, 1, lambda: part)
        return shared
