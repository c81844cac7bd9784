"""One difference, before its endpoint and time are known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.comparisons.change import ChangeKind
from model.frozen import frozen
from model.protocol_version import ProtocolVersion

_MOST_NAMES: Final = 4


@frozen
class Difference:
    """A Change without endpoint and time."""

    fact: str
    kind: ChangeKind
    before: str | None
    after: str | None
    sentence: str


def appeared(fact: str, after: str, sentence: str) -> Difference:
    """A fact that was proved absent is present."""
    return Difference(
        fact=fact, kind=ChangeKind.APPEARED, before=None, after=after, sentence=sentence
    )


def vanished(fact: str, before: str, sentence: str) -> Difference:
    """A fact that was present is proved absent."""
    return Difference(
        fact=fact, kind=ChangeKind.VANISHED, before=before, after=None, sentence=sentence
    )


def changed(fact: str, before: str, after: str, sentence: str) -> Difference:
    """A fact has a different value."""
    return Difference(
        fact=fact, kind=ChangeKind.CHANGED, before=before, after=after, sentence=sentence
    )


def spoken(version: ProtocolVersion) -> str:
    """The version in prose, such as ``TLS 1.0``."""
    return version.label.replace("TLSv", "TLS ").replace("SSLv", "SSL ")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence: the first few, and the number of the others."""
    all_names = list(names)
    more = len(all_names) - _MOST_NAMES
    shown = ", ".join(all_names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
