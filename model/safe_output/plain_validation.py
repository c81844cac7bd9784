"""Rewords pydantic's validation messages, which name Python's types, for people who write YAML or commands."""

from __future__ import annotations

import re
from typing import Final

_PLAIN_WORDS: Final = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\bValue error, ", ""),
        (r"Input is not a valid path for <class 'pathlib\.Path'>", "must be a file's path"),
        (
            r"Input is not a valid IPv[46] network",
            "must be a network without host bits, such as 10.0.0.0/8",
        ),
        (r"Input is not a valid IPv[46] address", "must be an IP address"),
        (r"Input should", "must"),
        (r", unable to (?:parse|interpret) (?:string|input)(?: as an? \w+)?", ""),
        (r", got a number with a fractional part", ""),
        (r" or instance of \w+| or object to extract fields from", ""),
        (r"a valid (?:tuple|frozenset|list)", "a list"),
        (r"a valid (?:dictionary|mapping)", "a mapping"),
        (r"a valid date(?: or datetime, [^(]*)?", "a day, such as 2027-01-31"),
        (r"a valid string", "text"),
        (r"a valid boolean", "true or false"),
        (r"a valid integer", "a whole number"),
        (r"a valid number", "a number"),
        (r"^Field required$", "is missing: add it"),
    )
)


def plain_validation(message: str) -> str:
    """The ``message`` of pydantic in plain words, for example ``must be a whole number``."""
    for pattern, plain in _PLAIN_WORDS:
        message = pattern.sub(plain, message)
    return message
