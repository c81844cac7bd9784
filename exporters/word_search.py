"""Full text search in what pages and the API list: an item is found if its text has every word."""

from __future__ import annotations


def has_words(text: str, wanted: str | None) -> bool:
    """Whether ``text``, in lower case, contains every word of ``wanted``, if any are wanted."""
    return wanted is None or all(word in text for word in wanted.lower().split())
