"""How much one source may yield: beyond it the source fails with a sentence, and nothing is cut off silently.

The bounds hold while targets are collected, so that an answer of a few megabytes cannot become gigabytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from discovery.source import SourceError
from model.target import Target

USUAL_MOST_TARGETS: Final = 100_000
"""Targets of one source, where its setting ``max_targets`` does not say otherwise."""

LONGEST_LABEL: Final = 4096
"""Characters of one label's value: rules run expressions over it."""

_LABELS_FOR_EACH: Final = 32
"""Labels per target on average: all of a source's labels are at most so many times its targets' bound."""


class Collected:
    """The targets of one source, each key once: the first one found stays.

    Raises:
        SourceError: by ``add``, for more than ``most`` targets, or 32 times as many labels.
    """

    def __init__(self, source: str, most: int = USUAL_MOST_TARGETS) -> None:
        self.source = source
        self._most = most
        self._labels = 0
        self._found: dict[str, Target] = {}

    def add(self, target: Target) -> None:
        """Keep ``target``, unless its key is known."""
        if target.key in self._found:
            return
        self._found[target.key] = target
        self._labels += len(target.labels)
        check_count(self.source, len(self._found), self._most)
        if self._labels > _LABELS_FOR_EACH * self._most:
            raise SourceError(
                f"{self.source} has more than {_LABELS_FOR_EACH * self._most} labels in all: "
                "give it fewer labels, or raise max_targets of this source."
            )

    @property
    def targets(self) -> tuple[Target, ...]:
        """In the order in which they were found."""
        return tuple(self._found.values())


def check_count(source: str, count: int, most: int) -> None:
    """Raises SourceError where ``count`` targets are more than the source may have."""
    if count > most:
        raise SourceError(
            f"{source} has more than {most} targets: raise max_targets of this source, or split it."
        )


def check_labels(labels: Mapping[str, str], where: str) -> None:
    """Raises SourceError for a value that is longer than rules should run over."""
    for name, text in labels.items():
        if len(text) > LONGEST_LABEL:
            raise SourceError(
                f"{where}: the label {name[:100]!r} is longer than {LONGEST_LABEL} characters."
            )
