"""Full text search in what pages and the API list: an item is found if its text has every word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def has_words(text: str, wanted: str | None) -> bool:
    """Whether ``text``, in lower case, contains every word of ``wanted``, if any are wanted."""
    return wanted is None or all(word in text for word in wanted.lower().split())


def with_words(items: Sequence[T], text_of: Callable[[T], str], wanted: str) -> Sequence[T]:
    """The items whose text, in lower case, contains every word of ``wanted``; quick also for a hundred thousand."""
    for word in wanted.lower().split():
        items = [item for item in items if word in text_of(item)]
    return items
