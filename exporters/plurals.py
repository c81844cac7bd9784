"""Counts with their nouns. It needs no other module, so that a command with one line of output starts at once."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
