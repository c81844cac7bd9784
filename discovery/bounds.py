"""How much one source may yield: above the limit the source fails with a message, and nothing is cut silently.

The limits apply while targets are collected, so that an answer of a few megabytes cannot become gigabytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from discovery.source import Skipped, SourceError, SourceReading
from model.claims.resource_claim import ResourceClaim
from model.target import Target

USUAL_MOST_TARGETS: Final = 100_000
"""Targets per source, unless its setting ``max_targets`` overrides it."""

_SETTING: Final = "discovery[].max_targets of this source"

LONGEST_LABEL: Final = 4096
"""Characters of a label's value: rules run regular expressions over it."""

_LABELS_FOR_EACH: Final = 32
"""Average labels per target: a source may have at most this number times its limit of targets."""


class Collected:
    """The targets of one source, and what was skipped; the first target with a key wins, with the claims of all.

    Raises:
        SourceError: from ``add``, ``claim`` and ``skip``, for more than ``most`` entries, or 32 times as many labels.
    """

    def __init__(self, source: str, most: int = USUAL_MOST_TARGETS) -> None:
        self.source = source
        self._most = most
        self._labels = 0
        self._found: dict[str, Target] = {}
        self._claims: dict[str, ResourceClaim] = {}
        self._skipped: list[Skipped] = []

    def add(self, target: Target) -> None:
        """Add ``target`` if its key is new, or else its claims."""
        if (known := self._found.get(target.key)) is not None:
            if target.claims:
                claims = tuple(dict.fromkeys((*known.claims, *target.claims)))
                self._found[target.key] = replace(known, claims=claims)
            return
        self._found[target.key] = target
        self._count(target.labels)

    def claim(self, claim: ResourceClaim) -> None:
        """Add a claim about a resource if it is new."""
        self._claims.setdefault(claim.claim.key, claim)
        self._count(claim.labels)

    def skip(self, skipped: Skipped) -> None:
        """Add an entry that yields no target."""
        self._skipped.append(skipped)
        self._count(skipped.labels)

    def _count(self, labels: Mapping[str, str]) -> None:
        self._labels += len(labels)
        check_count(
            self.source, max(len(self._found), len(self._claims), len(self._skipped)), self._most
        )
        if self._labels > _LABELS_FOR_EACH * self._most:
            raise SourceError(
                f"{self.source} has more than {_LABELS_FOR_EACH * self._most} labels in all: "
                f"give it fewer labels, or raise {_SETTING}."
            )

    @property
    def reading(self) -> SourceReading:
        """Everything in the order in which it was added."""
        return SourceReading(
            targets=tuple(self._found.values()),
            skipped=tuple(self._skipped),
            resource_claims=tuple(self._claims.values()),
        )


def check_count(source: str, count: int, most: int) -> None:
    """Raises SourceError if the source may not have ``count`` targets."""
    if count > most:
        raise SourceError(
            f"{source} has more than {most} targets: raise {_SETTING}, or split the source."
        )


def label_problem(labels: Mapping[str, str]) -> str | None:
    """The name of a label that is too long for relabelling rules, in a sentence."""
    for name, text in labels.items():
        if len(text) > LONGEST_LABEL:
            return f"the label {name[:100]!r} is longer than {LONGEST_LABEL} characters"
    return None
