"""What the filters of all lists share: the choices of a value, and the longest text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

LONGEST_SEARCH: Final = 200


def check_filters(
    given: object, texts: Collection[str], choices: Mapping[str, Collection[str]]
) -> None:
    """Check the filters ``texts``, which are free, and those with ``choices``; all are attributes of ``given``.

    Raises:
        ValueError: if one is too long, or not one of the choices; the sentence says what to change.
    """
    for name in texts:
        if len(getattr(given, name)) > LONGEST_SEARCH:
            raise ValueError(f"{name} must be at most {LONGEST_SEARCH} characters: shorten it")
    for name, allowed in choices.items():
        text = getattr(given, name)
        if text and text not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {text[:20]!r}")
