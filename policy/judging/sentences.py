"""Parts of the sentences in which rules describe violations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from model.protocol_version import ProtocolVersion
from policy.judging.partial_results import listed

_MOST_SPELT_OUT: Final = 6


def versions_are(versions: Iterable[ProtocolVersion]) -> str:
    """The versions with their verb: ``TLS 1.0 is``, ``TLS 1.0 and TLS 1.1 are``."""
    names = [version.display_name for version in sorted(versions)]
    return f"{conjoined(names)} {'is' if len(names) == 1 else 'are'}"


def conjoined(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``; a long list ends with the number of the others."""
    if len(names) > _MOST_SPELT_OUT:
        return listed(names)
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def accepts(noun: tuple[str, str], names: Sequence[str]) -> str:
    """``Accepts a forbidden group: X`` or ``Accepts 2 forbidden groups: X, Y``.

    Args:
        noun: the singular with its article, and the plural.
        names: at least one name.
    """
    one, several = noun
    what = one if len(names) == 1 else f"{len(names)} {several}"
    return f"Accepts {what}: {listed(names)}"


def with_value(sentence: str, value: str | None) -> str:
    """The sentence, followed by the value of its fact in brackets."""
    return f"{sentence} ({value})" if value else sentence
